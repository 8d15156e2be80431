package import MeshProtos

/// When a route's requests are tried again.
package struct RetryPolicy: Sendable, Hashable {
    /// Envoy's bound for waits, as a multiple of the least.
    private static let longestWait: UInt64 = 10
    /// What a request may cost at most, whatever was written.
    private static let mostRetries: UInt32 = 100

    /// How often at most, beside the first time.
    package private(set) var retries: Int
    /// What for.
    package private(set) var conditions: RetryConditions
    /// Endpoints that were tried are avoided; see ``PickDemand/avoidsTried``.
    package private(set) var avoidsTried: Bool
    /// Priorities that were tried twice are left; see ``PickDemand/shiftsPriorities``.
    package private(set) var shiftsPriorities: Bool
    /// Starts another attempt beside one that takes too long, and takes the first good response.
    package private(set) var hedges: Bool
    /// The time of one attempt in milliseconds; nil is all of the request's.
    package private(set) var attemptTimeout: UInt64?
    private var statusCodes: [Int]
    private var baseWait: UInt64

    /// A policy as a route has it.
    /// - Parameters:
    ///   - retry: missing is Istio's default of two retries; zero attempts are none.
    ///   - attemptTimeout: in milliseconds; zero for none.
    package init(_ retry: TulleL7.Retry?, attemptTimeout: UInt32 = 0) throws(RetryPolicyError) {
        guard let retry else {
            self.init(attemptTimeout: attemptTimeout)
            return
        }
        var (conditions, codes) = try RetryConditions.parse(retry.conditions)
        codes += retry.statusCodes.map { Int($0) }
        if !retry.statusCodes.isEmpty { conditions.insert(.statusCodes) }
        self.init(attemptTimeout: attemptTimeout)
        self.retries = Int(min(retry.attempts, Self.mostRetries))
        self.conditions = conditions
        self.avoidsTried = !retry.sameEndpoint
        self.shiftsPriorities = retry.otherLocalities
        self.hedges = retry.hedges
        self.statusCodes = codes
        if retry.backoffMilliseconds > 0 { self.baseWait = UInt64(retry.backoffMilliseconds) }
    }

    /// Istio's policy for routes that say nothing.
    private init(attemptTimeout: UInt32) {
        self.retries = 2
        self.conditions = [.connectFailure, .refusedStream, .unavailable, .cancelled, .statusCodes]
        self.avoidsTried = true
        self.shiftsPriorities = false
        self.hedges = false
        self.attemptTimeout = attemptTimeout == 0 ? nil : UInt64(attemptTimeout)
        self.statusCodes = []
        self.baseWait = 25
    }

    /// Istio's policy for routes that say nothing.
    package static let `default` = Self(attemptTimeout: 0)

    /// Whether an attempt that ended so may be followed by another.
    package func covers(_ result: AttemptResult) -> Bool {
        switch result {
        case .response(let status, let grpcStatus, let isRateLimited):
            self.covers(status: status, grpcStatus: grpcStatus, isRateLimited: isRateLimited)
        case .connectFailure:
            self.conditions.contains(.connectFailure) || self.coversReset(requestWasSent: false)
        case .refusedStream:
            self.conditions.contains(.refusedStream) || self.coversReset(requestWasSent: true)
        case .reset(let requestWasSent):
            self.coversReset(requestWasSent: requestWasSent)
        case .attemptTimeout:
            // Its answer would be 504: whoever lists that means this too.
            self.coversReset(requestWasSent: true) || self.lists(504)
        case .refusedHere:
            false
        }
    }

    private func coversReset(requestWasSent: Bool) -> Bool {
        if !requestWasSent, self.conditions.contains(.resetBeforeRequest) { return true }
        return !self.conditions.isDisjoint(with: [.serverErrors, .gatewayErrors, .reset])
    }

    private func covers(status: Int, grpcStatus: Int?, isRateLimited: Bool) -> Bool {
        // Someone said that there is too much already: only those that ask for it try again.
        if isRateLimited { return self.conditions.contains(.rateLimited) }
        if self.conditions.contains(.serverErrors), (500...599).contains(status) { return true }
        if self.conditions.contains(.gatewayErrors), (502...504).contains(status) { return true }
        if self.conditions.contains(.clientErrors), status == 409 { return true }
        if self.lists(status) { return true }
        return grpcStatus.map { self.conditions.meets(grpcStatus: $0) } ?? false
    }

    private func lists(_ status: Int) -> Bool {
        self.conditions.contains(.statusCodes) && self.statusCodes.contains(status)
    }

    /// How long to wait before a retry, in milliseconds: below `2^number - 1` times the least wait, and not above ten of
    /// these.
    /// - Parameters:
    ///   - number: one for the first retry.
    ///   - random: any number, new for each wait.
    package func wait(before number: Int, random: UInt64) -> UInt64 {
        let longest = self.baseWait * Self.longestWait
        let factor: UInt64 = (1 << UInt64(min(max(number, 1), 32))) - 1
        let bound = min(self.baseWait * factor, longest)
        return bound.multipliedFullWidth(by: random).high
    }
}
