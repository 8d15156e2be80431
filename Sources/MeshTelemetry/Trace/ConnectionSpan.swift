/// One connection as a span of a trace.
package struct ConnectionSpan: Sendable {
    /// Which side of the connection this ztunnel stands at.
    package enum Kind: Sendable {
        /// The client's.
        case client
        /// The server's.
        case server
    }

    /// The trace, and this span as its `parent`.
    package var context: TraceContext
    /// The caller's span; nil for a trace that begins here.
    package var caller: UInt64?
    /// The side.
    package var kind: Kind
    /// When it began, in nanoseconds since 1970.
    package var start: UInt64
    /// When it ended, in nanoseconds since 1970.
    package var end: UInt64
    /// Facts by OpenTelemetry's names, in order.
    package var attributes: [(name: String, value: TelemetryValue)] = []
    /// What went wrong; nil when it ended well.
    package var error: String?

    /// A span without facts.
    package init(context: TraceContext, caller: UInt64?, kind: Kind, start: UInt64, end: UInt64) {
        self.context = context
        self.caller = caller
        self.kind = kind
        self.start = start
        self.end = end
    }
}
