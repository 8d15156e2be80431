/// When to ask for the next certificate. Pure: time and chance come from outside, no timer is inside.
///
/// A certificate is renewed at half of its life. Stock ztunnel does so without jitter, so that all that started
/// together ask together for ever; here each renewal is spread. Failures back off as there, and never beyond the
/// moment at which the certificate expires.
package struct RotationSchedule: Sendable, Hashable {
    /// The numbers behind the schedule.
    package struct Policy: Sendable, Hashable {
        /// The part of a certificate's life after which it is renewed; 0.5.
        package var renewalPoint = 0.5
        /// How far the renewal is moved either way, as a part of the time up to it; 0.1.
        package var renewalJitter = 0.1
        /// The wait after a first failure; 1 s. It doubles with each further one.
        package var firstBackoff = Duration.seconds(1)
        /// The longest wait after a failure, before jitter; 150 s.
        package var longestBackoff = Duration.seconds(150)
        /// How far a wait is moved either way, as a part of it; 0.2.
        package var backoffJitter = 0.2

        package init() {}
    }

    /// The numbers in use.
    package let policy: Policy
    /// Failures since the last success.
    package private(set) var failures = 0

    package init(policy: Policy = Policy()) {
        self.policy = policy
    }

    /// Notes a success and tells how long to wait before the next renewal; zero when it is due already.
    ///
    /// - Parameters:
    ///   - notBefore: start of the new certificate's validity, in seconds since 1970.
    ///   - notAfter: end of it.
    ///   - now: seconds since 1970.
    ///   - chance: an even random number of 0..<1.
    package mutating func succeeded(notBefore: Int64, notAfter: Int64, now: Int64, chance: Double) -> Duration {
        failures = 0
        let life = Double(notAfter) - Double(notBefore)
        guard life > 0 else { return .zero }
        let wait = life * policy.renewalPoint * Self.factor(policy.renewalJitter, chance)
        return Self.duration(Double(notBefore) + wait - Double(now))
    }

    /// Notes a failure and tells how long to wait before trying again.
    ///
    /// - Parameters:
    ///   - expiry: end of the certificate that is still held, in seconds since 1970; nil without one.
    ///   - now: seconds since 1970.
    ///   - chance: an even random number of 0..<1.
    package mutating func failed(expiry: Int64?, now: Int64, chance: Double) -> Duration {
        // Past this count the wait is at its longest anyway; the bound keeps the power finite.
        failures = min(failures + 1, 64)
        var wait = Self.seconds(policy.firstBackoff)
        let longest = Self.seconds(policy.longestBackoff)
        for _ in 1..<failures where wait < longest { wait *= 2 }
        wait = min(wait, longest) * Self.factor(policy.backoffJitter, chance)
        if let expiry, expiry > now {
            // One try falls on the expiry itself at the latest, but a try must not follow another without a pause.
            wait = min(wait, max(Double(expiry) - Double(now), Self.seconds(policy.firstBackoff)))
        }
        return Self.duration(wait)
    }

    private static func factor(_ jitter: Double, _ chance: Double) -> Double {
        1 - jitter + 2 * jitter * min(max(chance, 0), 1)
    }

    private static func seconds(_ duration: Duration) -> Double {
        let parts = duration.components
        return Double(parts.seconds) + Double(parts.attoseconds) / 1e18
    }

    /// Clamped to 0…10 years, so that no odd date overflows a timer.
    private static func duration(_ seconds: Double) -> Duration {
        .milliseconds(Int64(min(max(seconds, 0), 315_360_000) * 1_000))
    }
}
