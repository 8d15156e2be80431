import MeshProtos

/// How a new endpoint's share grows: Envoy's slow start.
struct SlowStartRamp: Sendable {
    /// How long it takes, in milliseconds; above zero.
    let window: UInt64
    private let least: Double
    private let exponent: Double

    /// Nil where no window was given.
    init?(_ settings: TulleL7.SlowStart?) {
        guard let settings, settings.windowMilliseconds > 0 else { return nil }
        self.window = UInt64(settings.windowMilliseconds)
        self.least = Double(settings.minimumPercent == 0 ? 10 : min(settings.minimumPercent, 100)) / 100
        self.exponent = 1000 / Double(settings.aggression == 0 ? 1000 : settings.aggression)
    }

    /// What the weight of an endpoint is multiplied with that has been usable since `since`: more than zero, at most one.
    func factor(since: UInt64, now: UInt64) -> Double {
        let age = now > since ? now - since : 0
        guard age < self.window else { return 1 }
        let share = Self.power(Double(age) / Double(self.window), self.exponent)
        return max(self.least, share, 0.001)
    }

    /// `base` in `0...1` to the power of `exponent`, by squares and square roots: neither needs a C library. The error of
    /// the exponent is below 2^-24.
    static func power(_ base: Double, _ exponent: Double) -> Double {
        guard base > 0 else { return 0 }
        guard base < 1 else { return 1 }
        var whole = UInt64(min(exponent, 1e6))
        var rest = min(exponent, 1e6) - Double(whole)
        var result = 1.0
        var factor = base
        while whole > 0 {
            if whole & 1 == 1 { result *= factor }
            factor *= factor
            whole >>= 1
        }
        factor = base
        for _ in 0..<24 where rest > 0 {
            factor = factor.squareRoot()
            rest *= 2
            if rest >= 1 {
                result *= factor
                rest -= 1
            }
        }
        return result
    }
}
