import HTTPRouting
import TunnelEngine

/// A body that is looked at before it goes anywhere, by payload policies or for an authorizer, within the bounds of its
/// loop's memory.
final class BodyInspection {
    /// Who looks at it.
    enum Reader {
        case payload(PayloadInspection)
        case authorizer(AuthorizerBody)
        /// It is reading: nobody else may hold what it has read, or each piece of a body would copy all before it.
        case reading
    }

    /// What came of the bytes so far.
    enum Step {
        case more
        /// The payload policies have their verdict.
        case verdict(PayloadVerdict)
        /// The authorizer can be asked.
        case body(AuthorizerBody)
        case tooLarge
        case outOfMemory
    }

    private var reader: Reader
    private let worker: WaypointWorker
    private let alarm: LoopAlarm
    private var held = 0

    /// nil where too much is inspected already.
    /// - Parameter onTimeout: called when the body takes too long.
    init?(_ reader: Reader, on worker: WaypointWorker, onTimeout: @escaping () -> Void) {
        guard worker.inspectedBytes < worker.context.configuration.limits.inspectedBytes else { return nil }
        self.reader = reader
        self.worker = worker
        self.alarm = LoopAlarm(loop: worker.loop)
        let wait: UInt64 =
            switch reader {
            case .payload(let inspection): inspection.deadline &- min(inspection.deadline, worker.loop.now)
            case .authorizer, .reading: Self.authorizerMilliseconds
            }
        self.alarm.set(after: wait, onTimeout)
    }

    /// How long a body may take that an authorizer wants to see, in milliseconds.
    private static let authorizerMilliseconds: UInt64 = 60_000

    /// The verdict where the body did not come in time; nil where there is none.
    var late: PayloadVerdict? {
        if case .payload(let inspection) = self.reader { inspection.timedOut() } else { nil }
    }

    /// Takes the next bytes.
    func take(_ bytes: UnsafeRawBufferPointer, isEnd: Bool) -> Step {
        self.held += bytes.count
        self.worker.inspectedBytes += bytes.count
        guard self.worker.inspectedBytes <= self.worker.context.configuration.limits.inspectedBytes else {
            return .outOfMemory
        }
        let reader = self.reader
        self.reader = .reading
        switch consume reader {
        case .reading: return .more
        case .payload(var inspection):
            defer { self.reader = .payload(inspection) }
            if let verdict = inspection.take(bytes) { return .verdict(verdict) }
            return isEnd ? .verdict(inspection.finish()) : .more
        case .authorizer(var body):
            defer { self.reader = .authorizer(body) }
            switch body.take(bytes) {
            case .reading where isEnd:
                _ = body.finish()
                return .body(body)
            case .reading: return .more
            case .complete: return .body(body)
            case .tooLarge: return .tooLarge
            }
        }
    }

    /// Gives back what it holds of the memory.
    func release() {
        self.alarm.cancel()
        self.worker.inspectedBytes -= self.held
        self.held = 0
    }
}
