/// One request as a span of a trace, seen from the server's side.
package struct RequestSpan: Sendable {
    /// The trace, and this span as its `parent`.
    package var context: TraceContext
    /// The caller's span; nil for a trace that begins here.
    package var caller: UInt64?
    /// What was done: the route's operation.
    package var name: String
    /// When it began, in nanoseconds since 1970.
    package var start: UInt64
    /// When it ended, in nanoseconds since 1970.
    package var end: UInt64
    /// Facts by Envoy's and Istio's names, in order.
    package var attributes: [(name: String, value: TelemetryValue)] = []
    /// Whether it failed: a status of 500 or more, or none.
    package var isError = false

    /// A span without facts.
    package init(context: TraceContext, caller: UInt64?, name: String, start: UInt64, end: UInt64) {
        self.context = context
        self.caller = caller
        self.name = name
        self.start = start
        self.end = end
    }
}

/// The names of spans.
package enum SpanName {
    /// A route's operation: `<host>:<port><path>`.
    /// - Parameters:
    ///   - host: the destination's name where the route has one destination, the route's own where it has several, the
    ///     service's without routes.
    ///   - path: what the route matches; nil without routes.
    package static func operation(host: String, port: UInt16, path: PathMatch?) -> String {
        let shown =
            switch path {
            case .exact(let path): path
            case .prefix(let prefix): prefix + "*"
            case .pattern(let pattern): pattern
            case nil: "/*"
            }
        return "\(host):\(port)\(shown)"
    }

    /// What a route matches paths with.
    package enum PathMatch: Hashable, Sendable {
        /// The whole path.
        case exact(String)
        /// Its beginning.
        case prefix(String)
        /// A regular expression.
        case pattern(String)
    }
}
