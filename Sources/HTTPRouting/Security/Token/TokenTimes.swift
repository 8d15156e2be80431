/// When a token is valid, in seconds since 1970.
struct TokenTimes: Sendable, Hashable {
    /// How far clocks may be apart, in seconds.
    static let skew: Int64 = 60

    let expires: Int64?
    let notBefore: Int64?

    /// Nil where a time is there and is no number.
    init?(_ payload: ClaimValue) {
        guard let expires = Self.seconds(payload[["exp"]]), let notBefore = Self.seconds(payload[["nbf"]]) else {
            return nil
        }
        self.expires = expires
        self.notBefore = notBefore
    }

    /// What the time makes of it; nil for nothing.
    func fault(at now: Int64) -> TokenFault? {
        if let notBefore = self.notBefore, notBefore > Self.sum(now, Self.skew) { return .notYetValid }
        if let expires = self.expires, Self.sum(expires, Self.skew) <= now { return .expired }
        return nil
    }

    private static func sum(_ left: Int64, _ right: Int64) -> Int64 {
        let (sum, overflows) = left.addingReportingOverflow(right)
        return overflows ? .max : sum
    }

    /// Fractions are cut, as RFC 7519 §2 allows them and nobody needs them.
    private static func seconds(_ claim: ClaimValue?) -> Int64?? {
        guard let claim else { return .some(nil) }
        guard case .number(let text) = claim, let number = Double(text), number.isFinite, number >= 0 else {
            return nil
        }
        return .some(number < 9e18 ? Int64(number) : .max)
    }
}
