package import MeshTelemetry

extension ConnectionSpan {
    /// Adds what the access log says, by OpenTelemetry's names where it has them and by the log's own elsewhere.
    package mutating func describe(_ record: AccessRecord, flag: ConnectionLabels.Flag) {
        func text(_ name: String, _ text: String?) -> (name: String, value: TelemetryValue)? {
            guard let text, !text.isEmpty else { return nil }
            return (name, .text(text))
        }
        func number(_ name: String, _ number: UInt64) -> (name: String, value: TelemetryValue) {
            (name, .number(Int64(clamping: number)))
        }
        func address(_ prefix: String, _ text: String?) -> [(name: String, value: TelemetryValue)] {
            // The port follows the last colon; a version 6 address stands in brackets.
            guard let text, let colon = text.lastIndex(of: ":") else { return [] }
            let host = text[..<colon].filter { $0 != "[" && $0 != "]" }
            let port = Int64(text[text.index(after: colon)...])
            return [("\(prefix).address", .text(host))] + (port.map { [("\(prefix).port", .number($0))] } ?? [])
        }
        self.attributes =
            [("network.transport", .text("tcp")), ("tulle.direction", .text(record.direction.rawValue))]
            + address("client", record.source.address) + address("server", record.destination.address)
            + [
                text("tulle.source.workload", record.source.workload),
                text("tulle.source.namespace", record.source.namespace),
                text("tulle.source.identity", record.source.identity),
                text("tulle.source.cluster", record.source.cluster),
                text("tulle.destination.workload", record.destination.workload),
                text("tulle.destination.namespace", record.destination.namespace),
                text("tulle.destination.identity", record.destination.identity),
                text("tulle.destination.cluster", record.destination.cluster),
                text("tulle.destination.service", record.service), text("tulle.hbone.authority", record.hboneAddress),
            ].compactMap { $0 }
            + [
                number("tulle.bytes_sent", record.bytesSent), number("tulle.bytes_received", record.bytesReceived),
                ("tulle.response_flags", .text(flag.rawValue)),
            ]
        if let failure = record.failure {
            self.attributes.append(("error.type", .text(failure.code)))
            self.error = failure.message
        }
    }
}
