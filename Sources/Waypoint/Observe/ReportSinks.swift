import DataPlane
import MeshTelemetry
import Synchronization

/// Where access logs and spans go, by the names of providers. Queues outlive plans: what waits in them must not be lost
/// because a route changed.
package final class ReportSinks: Sendable {
    /// Writes a finished line to standard output.
    let writeLine: @Sendable ([UInt8]) -> Void
    /// Spans for the collector that the environment names, where the mesh names none; nil without one.
    let ownSpans: ExportQueue<RequestSpan>?
    /// Lines of access logs for the collector that the environment names; nil without one.
    let ownRecords: ExportQueue<AccessLogRecord>?
    private let queues = Mutex(Queues())

    private struct Queues {
        var spans: [String: ExportQueue<RequestSpan>] = [:]
        var records: [String: ExportQueue<AccessLogRecord>] = [:]
    }

    /// - Parameters:
    ///   - exportsSpans: whether the environment names a collector of spans.
    ///   - exportsRecords: whether the environment names a collector of lines.
    init(
        exportsSpans: Bool = false,
        exportsRecords: Bool = false,
        writeLine: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.ownSpans = exportsSpans ? ExportQueue() : nil
        self.ownRecords = exportsRecords ? ExportQueue() : nil
        self.writeLine = writeLine
    }

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

    /// Lets go of the queue of a provider that is gone.
    func forget(_ provider: String, _ signal: OTLPSignal) {
        self.queues.withLock { queues in
            switch signal {
            case .traces: queues.spans[provider] = nil
            case .logs: queues.records[provider] = nil
            case .metrics: break
            }
        }
    }
}
