import MeshProtos
import Synchronization

/// When an endpoint has failed too often, and for how long it is left alone then: Envoy's detection of failures in a row.
struct OutlierRules: Sendable {
    /// Between looks at ejections that may end, in milliseconds.
    let interval: UInt64
    private let consecutive5xx: UInt32
    private let consecutiveGateway: UInt32
    private let consecutiveLocal: UInt32
    private let splitsLocal: Bool
    private let baseEjection: UInt64
    private let maximumEjection: UInt64
    private let maximumPercent: Int
    private let codes: [UInt32]

    /// Nil where detection is off.
    init?(_ settings: TulleL7.OutlierDetection?) {
        guard let settings else { return nil }
        self.interval = settings.intervalMilliseconds == 0 ? 10_000 : UInt64(settings.intervalMilliseconds)
        self.consecutive5xx = settings.consecutive5xx
        self.consecutiveGateway = settings.consecutiveGateway
        self.consecutiveLocal = settings.consecutiveLocal
        self.splitsLocal = settings.splitsLocal
        self.baseEjection = settings.baseEjectionMilliseconds == 0 ? 30_000 : UInt64(settings.baseEjectionMilliseconds)
        // Envoy's bound where none is written; Istio has no field for it.
        self.maximumEjection = max(300_000, self.baseEjection)
        self.maximumPercent = settings.maxEjectionPercent == 0 ? 10 : Int(min(settings.maxEjectionPercent, 100))
        self.codes = settings.codes
    }

    /// Counts an outcome.
    /// - Returns: whether the endpoint has now failed as often in a row as it may; its counters begin anew then.
    func record(_ outcome: EndpointOutcome, of state: EndpointState) -> Bool {
        switch outcome {
        case .success:
            state.clearFailures()
            return false
        case .status(let status):
            EndpointState.clear(state.consecutiveLocal)
            let isGateway = (502...504).contains(status)
            let hasErred = Self.count(state.consecutive5xx, self.isError(status), upTo: self.consecutive5xx)
            let isDown = Self.count(state.consecutiveGateway, isGateway, upTo: self.consecutiveGateway)
            return hasErred || isDown
        case .connectFailure, .connectTimeout, .reset, .timeout:
            if self.splitsLocal { return Self.count(state.consecutiveLocal, true, upTo: self.consecutiveLocal) }
            // Our answers to these are 503 and 504.
            let hasErred = Self.count(state.consecutive5xx, true, upTo: self.consecutive5xx)
            let isDown = Self.count(state.consecutiveGateway, true, upTo: self.consecutiveGateway)
            return hasErred || isDown
        }
    }

    private func isError(_ status: Int) -> Bool {
        guard !self.codes.isEmpty else { return (500...599).contains(status) }
        return self.codes.contains { Int($0) == status }
    }

    /// Only the one that makes the counter reach the bound is told so, however many count at the same time.
    private static func count(_ counter: borrowing Atomic<UInt32>, _ isError: Bool, upTo bound: UInt32) -> Bool {
        guard isError else {
            EndpointState.clear(counter)
            return false
        }
        guard bound > 0, counter.wrappingAdd(1, ordering: .relaxed).newValue == bound else { return false }
        counter.store(0, ordering: .relaxed)
        return true
    }

    // MARK: Ejections

    /// Whether one more of so many may be ejected. One always may, however few there are.
    func allowsEjection(beside ejected: Int, of total: Int) -> Bool {
        ejected == 0 || (ejected + 1) * 100 <= self.maximumPercent * total
    }

    /// Whether an ejection is over.
    func isOver(_ state: EndpointState, now: UInt64) -> Bool {
        let (product, overflow) = self.baseEjection.multipliedReportingOverflow(
            by: UInt64(state.ejections.load(ordering: .relaxed))
        )
        let length = overflow ? self.maximumEjection : min(product, self.maximumEjection)
        let began = state.ejectionChanged.load(ordering: .relaxed)
        return now >= began && now - began >= length
    }

    /// Forgets one ejection of an endpoint that has stayed well for an interval.
    func forgive(_ state: EndpointState, now: UInt64) {
        let count = state.ejections.load(ordering: .relaxed)
        let ended = state.ejectionChanged.load(ordering: .relaxed)
        guard count > 0, now >= ended, now - ended >= self.interval else { return }
        state.ejections.store(count - 1, ordering: .relaxed)
    }
}
