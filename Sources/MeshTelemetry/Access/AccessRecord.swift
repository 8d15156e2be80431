/// What the access log says about one connection, in the field order of ztunnel's log.
///
/// Text that isn't known stays nil and its field is left out.
package struct AccessRecord: Sendable {
    /// The direction as seen by the workload beside this ztunnel.
    package enum Direction: String, Sendable {
        /// Towards the local workload.
        case inbound
        /// Away from it.
        case outbound
    }

    /// One end of the connection.
    package struct End: Sendable {
        /// `ip:port`.
        package var address: String?
        /// The workload's name.
        package var workload: String?
        /// Its namespace.
        package var namespace: String?
        /// Its SPIFFE URI, only if mutual TLS proved it.
        package var identity: String?
        /// Its cluster.
        package var cluster: String?

        /// An end of which nothing is known.
        package init() {}
    }

    /// Why a connection failed.
    package struct Failure: Sendable {
        /// The stable code, such as `policy_denied`.
        package var code: String
        /// One line for the operator.
        package var message: String

        /// Joins code and message.
        package init(code: String, message: String) {
            self.code = code
            self.message = message
        }
    }

    /// The client.
    package var source = End()
    /// The server; its address is the one dialed.
    package var destination = End()
    /// The authority of the CONNECT request, if the connection went through HBONE.
    package var hboneAddress: String?
    /// The hostname of the service asked for.
    package var service: String?
    /// The direction.
    package var direction: Direction
    /// Bytes sent, from the reporter's own view: outbound client to server, inbound server to client.
    package var bytesSent: UInt64 = 0
    /// Bytes received, the other way.
    package var bytesReceived: UInt64 = 0
    /// How long the connection lived, in milliseconds.
    package var durationMilliseconds: UInt64 = 0
    /// The failure; nil when the connection ended well.
    package var failure: Failure?

    /// A record with nothing known but the direction.
    package init(direction: Direction) {
        self.direction = direction
    }

    /// The trace that both ends' lines and spans share, as 32 hexadecimal digits; nil leaves it out.
    package var traceID: String?

    /// The fields that say who talks to whom, in order.
    private var ends: [LogField] {
        var fields: [LogField] = []
        fields.reserveCapacity(21)
        func add(_ name: StaticString, _ text: String?, isBare: Bool = false) {
            guard let text, !text.isEmpty else { return }
            fields.append(LogField(name, isBare ? .bare(text) : .text(text)))
        }
        add("src.addr", self.source.address, isBare: true)
        add("src.workload", self.source.workload)
        add("src.namespace", self.source.namespace)
        add("src.identity", self.source.identity)
        add("src.cluster", self.source.cluster)
        add("dst.addr", self.destination.address, isBare: true)
        add("dst.hbone_addr", self.hboneAddress, isBare: true)
        add("dst.service", self.service)
        add("dst.workload", self.destination.workload)
        add("dst.namespace", self.destination.namespace)
        add("dst.identity", self.destination.identity)
        add("dst.cluster", self.destination.cluster)
        add("direction", self.direction.rawValue)
        return fields
    }

    /// How it ended, in order; ours follow Istio's fields.
    private var end: [LogField] {
        var fields: [LogField] = []
        if let failure = self.failure {
            fields.append(LogField("error", failure.message))
            fields.append(LogField("error.code", failure.code))
        }
        if let traceID = self.traceID { fields.append(LogField("trace_id", traceID)) }
        return fields
    }

    /// Writes that the connection began, at debug.
    package func writeOpened(to log: Log) {
        log.write(.debug, "connection opened", self.ends + (self.traceID.map { [LogField("trace_id", $0)] } ?? []))
    }

    /// What moved, in order.
    private var moved: [LogField] {
        [
            LogField("bytes_sent", self.bytesSent), LogField("bytes_recv", self.bytesReceived),
            LogField("duration", "\(self.durationMilliseconds)ms"),
        ]
    }

    /// Writes the record: at info when the connection ended well, else at error.
    package func write(to log: Log) {
        log.write(self.failure == nil ? .info : .error, "connection complete", self.ends + self.moved + self.end)
    }

    /// Writes that the connection was refused before it was known who talks to whom, at warning.
    package func writeRefused(to log: Log) {
        var early = AccessRecord(direction: self.direction)
        early.source.address = self.source.address
        early.destination.address = self.destination.address
        log.write(.warning, "connection failed", early.ends + self.end)
    }

    /// The record for a collector, with the log's fields as attributes.
    /// - Parameters:
    ///   - time: when the connection ended, in nanoseconds since 1970.
    ///   - isRefused: whether it was refused before it was known who talks to whom.
    ///   - trace: the connection's place in a trace.
    package func exported(time: UInt64, isRefused: Bool, trace: TraceContext?) -> AccessLogRecord {
        let fields = (self.ends + self.moved + self.end).map { field -> (name: String, value: TelemetryValue) in
            let name = field.name.withUTF8Buffer { String(decoding: $0, as: UTF8.self) }
            return switch field.value {
            case .text(let text), .bare(let text): (name, .text(text))
            case .number(let number): (name, .number(number))
            }
        }
        return AccessLogRecord(
            time: time,
            body: isRefused ? "connection failed" : "connection complete",
            fields: fields,
            trace: trace
        )
    }
}
