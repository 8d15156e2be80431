/// Where the lines of an access log go.
package enum AccessLogOutput: Sendable {
    /// Finished lines, to a file or standard output; must not block.
    case lines(@Sendable ([UInt8]) -> Void)
    /// Records for a collector.
    case records(ExportQueue<AccessLogRecord>)
}

/// One request in an exported access log.
package struct AccessLogRecord: Sendable {
    /// When the request began, in nanoseconds since 1970.
    package var time: UInt64
    /// The formatted line, without its newline.
    package var body: String
    /// The members of a format that has names.
    package var fields: [(name: String, value: TelemetryValue)]
    /// The trace, and this proxy's span as its parent.
    package var trace: TraceContext?

    /// Joins the parts.
    package init(
        time: UInt64,
        body: String,
        fields: [(name: String, value: TelemetryValue)],
        trace: TraceContext?
    ) {
        self.time = time
        self.body = body
        self.fields = fields
        self.trace = trace
    }
}

extension RequestRecord {
    /// The place within the waypoint that a record is about.
    package enum Layer: Sendable {
        /// A request or connection inside of a tunnel.
        case inner
        /// The tunnel that a client opened to us.
        case tunnelTermination
        /// The tunnel that we open to an endpoint.
        case tunnelOrigination
        /// A connection that no chain took.
        case listener
    }

    /// Whether a layer's record is written at all: inner ones always, the others only where they say why something
    /// failed, as Istio's waypoints do it.
    package func isLogged(in layer: Layer) -> Bool {
        switch layer {
        case .inner: true
        case .tunnelTermination: self.responseCode >= 400
        case .tunnelOrigination: self.flags.contains(.upstreamConnectionFailure)
        case .listener: self.flags.contains(.noRouteFound)
        }
    }
}
