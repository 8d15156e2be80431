/// A moment by both clocks that certificates need.
///
/// Waits between tries go by the monotonic clock, so that setting the clock back doesn't prolong them. Renewals go by
/// the wall clock, as certificates end by it.
package struct CertificateMoment: Sendable, Hashable {
    /// The monotonic clock, in milliseconds from any origin.
    package var milliseconds: UInt64
    /// The wall clock, in seconds since 1970.
    package var epochSeconds: Int64

    package init(milliseconds: UInt64, epochSeconds: Int64) {
        self.milliseconds = milliseconds
        self.epochSeconds = epochSeconds
    }
}
