import MeshProtos
import MeshTelemetry

/// Lines of access logs as OpenTelemetry's protocol writes them.
enum LogEncoding {
    /// The name by which collectors know the access logs of proxies.
    private static let scope = "otel_envoy_accesslog"
    /// OpenTelemetry's number for what is worth knowing and no more.
    private static let information: Int32 = 9

    /// The request that sends lines.
    /// - Parameter observed: now, in nanoseconds since 1970.
    static func request(_ records: [AccessLogRecord], observed: UInt64, sender: OTLPSender) -> [UInt8] {
        OpenTelemetry.ExportLogsServiceRequest.with { request in
            request.resourceLogs = [
                .with {
                    $0.resource = sender.encodedResource
                    $0.scopeLogs = [
                        .with {
                            $0.scope = sender.scope(Self.scope)
                            $0.logRecords = records.map { self.record($0, observed) }
                        }
                    ]
                }
            ]
        }.serialized
    }

    private static func record(_ record: AccessLogRecord, _ observed: UInt64) -> OpenTelemetry.LogRecord {
        .with { message in
            message.timeUnixNano = record.time
            message.observedTimeUnixNano = observed
            message.severityNumber = self.information
            message.body = .with { $0.value = .stringValue(record.body) }
            message.attributes = record.fields.map { .init($0.name, $0.value) }
            guard let trace = record.trace else { return }
            message.flags = trace.isSampled ? 1 : 0
            message.traceID = SpanEncoding.bytes(trace.traceHigh) + SpanEncoding.bytes(trace.traceLow)
            message.spanID = SpanEncoding.bytes(trace.parent)
        }
    }
}
