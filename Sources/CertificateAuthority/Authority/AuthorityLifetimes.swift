/// How long certificates live. All times are wall-clock durations.
package struct AuthorityLifetimes: Sendable, Hashable {
    /// The root, made once. Ten years, because replacing it means that every data plane learns a new bundle.
    package var root: Duration = .seconds(3650 * 86400)
    /// The intermediate that signs. One year; it is renewed when half of that is over.
    package var intermediate: Duration = .seconds(365 * 86400)
    /// A workload certificate when the caller names no lifetime.
    package var workloadDefault: Duration = .seconds(24 * 3600)
    /// The longest workload certificate; what becomes of longer wishes says `longWishes`.
    package var workloadMaximum: Duration = .seconds(24 * 3600)
    /// What becomes of a wish for more than the maximum.
    package var longWishes: LongWishes = .refuse
    /// The shortest workload certificate; shorter wishes are raised to this.
    package var workloadMinimum: Duration = .seconds(10)
    /// The control plane's own server certificate; it is renewed when half of that is over.
    package var server: Duration = .seconds(24 * 3600)
    /// How far a certificate's start lies in the past, for clocks that run behind.
    package var backdating: Duration = .seconds(120)

    /// Makes the defaults named above.
    package init() {}

    /// What becomes of a wish for more than the maximum.
    package enum LongWishes: Sendable, Hashable {
        /// An error, as Istio has it: whoever counts on a long life learns at once that there is none.
        case refuse
        /// The maximum is granted.
        case cut
    }

    /// What a workload gets that wishes for this: the default for nil and for nothing positive, the minimum for less.
    ///
    /// - Throws: `IssuanceRefusal` with `lifetime_too_long`, where longer wishes are refused.
    package func granted(_ wish: Duration?) throws(IssuanceRefusal) -> Duration {
        let wish = wish.flatMap { $0 > .zero ? $0 : nil } ?? self.workloadDefault
        guard wish <= self.workloadMaximum || self.longWishes == .cut else {
            throw IssuanceRefusal(
                .lifetimeTooLong,
                "a lifetime of \(wish.components.seconds) s was asked for, at most "
                    + "\(self.workloadMaximum.components.seconds) s are given: ask for less (SECRET_TTL), or for 0"
            )
        }
        return min(max(wish, self.workloadMinimum), self.workloadMaximum)
    }
}
