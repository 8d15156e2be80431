import MeshTelemetry
import Synchronization

/// Where access logs and spans go, by the names of providers. Queues outlive plans: what waits in them must not be lost
/// because a route changed.
final class ReportSinks: Sendable {
    /// Writes a finished line to standard output.
    let writeLine: @Sendable ([UInt8]) -> Void
    private let queues = Mutex(Queues())

    private struct Queues {
        var spans: [String: ExportQueue<RequestSpan>] = [:]
        var records: [String: ExportQueue<AccessLogRecord>] = [:]
    }

    init(writeLine: @escaping @Sendable ([UInt8]) -> Void) { self.writeLine = writeLine }

    /// The queue of a provider's spans.
    func spans(_ provider: String) -> ExportQueue<RequestSpan> {
        self.queues.withLock { queues in
            if let known = queues.spans[provider] { return known }
            let made = ExportQueue<RequestSpan>()
            queues.spans[provider] = made
            return made
        }
    }

    /// The queue of a provider's records.
    func records(_ provider: String) -> ExportQueue<AccessLogRecord> {
        self.queues.withLock { queues in
            if let known = queues.records[provider] { return known }
            let made = ExportQueue<AccessLogRecord>()
            queues.records[provider] = made
            return made
        }
    }
}
