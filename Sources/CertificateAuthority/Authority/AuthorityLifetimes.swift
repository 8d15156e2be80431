/// How long certificates live. All times are wall-clock durations.
package struct AuthorityLifetimes: Sendable, Hashable {
    /// The root, made once. Ten years, because replacing it means that every data plane learns a new bundle.
    package var root: Duration = .seconds(3650 * 86400)
    /// The intermediate that signs. One year; it is renewed when half of that is over.
    package var intermediate: Duration = .seconds(365 * 86400)
    /// A workload certificate when the caller names no lifetime.
    package var workloadDefault: Duration = .seconds(24 * 3600)
    /// The longest workload certificate; longer wishes are cut to this.
    package var workloadMaximum: Duration = .seconds(24 * 3600)
    /// The shortest workload certificate; shorter wishes are raised to this.
    package var workloadMinimum: Duration = .seconds(10)
    /// The control plane's own server certificate; it is renewed when half of that is over.
    package var server: Duration = .seconds(24 * 3600)
    /// How far a certificate's start lies in the past, for clocks that run behind.
    package var backdating: Duration = .seconds(120)

    /// Makes the defaults named above.
    package init() {}
}
