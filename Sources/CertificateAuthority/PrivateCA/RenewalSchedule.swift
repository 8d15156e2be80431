import Foundation

/// When a certificate from elsewhere is renewed, and how often that is tried. Pure: times and chance come in.
///
/// Every call costs money and counts towards a quota that others share, so there is a budget a day besides the pauses.
struct RenewalSchedule: Sendable, Hashable {
    /// The part of the life after which a successor is asked for.
    static let fraction = 2.0 / 3
    /// How much later that may be, as a part of the life, so that control planes don't ask together.
    static let jitter = 0.05
    /// The first pause after a failure in seconds; each is twice as long, up to `pauseCap`.
    static let firstPause = 30.0
    static let pauseCap = 3600.0
    /// The most attempts in a day.
    static let budget = 24

    private var due: Date
    /// The start of the certificate in force. Before it a successor is due too: a clock that was ahead for a while
    /// leaves a certificate that nobody could use until then.
    private var start = Date.distantPast
    private var failures = 0
    private var attempts: [Date] = []

    /// Due at once.
    init() { self.due = .distantPast }

    /// When the next attempt is due.
    var next: Date { self.due }

    /// Whether an attempt may be made now; counts it if so.
    mutating func take(now: Date) -> Bool {
        // An attempt of the future is one that was made while the clock was ahead.
        self.attempts.removeAll { now.timeIntervalSince($0) >= 86_400 || $0 > now }
        guard now >= self.due || now < self.start, self.attempts.count < Self.budget else { return false }
        self.attempts.append(now)
        return true
    }

    /// Notes the certificate in force.
    ///
    /// - Parameter chance: 0 to 1.
    mutating func renewed(_ validity: Range<Date>, chance: Double) {
        let life = validity.upperBound.timeIntervalSince(validity.lowerBound)
        self.due = validity.lowerBound.addingTimeInterval(life * (Self.fraction + Self.jitter * chance))
        self.start = validity.lowerBound
        self.failures = 0
    }

    /// Notes a failure.
    ///
    /// - Parameter chance: 0 to 1.
    mutating func failed(now: Date, chance: Double) {
        let pause = min(Self.firstPause * pow(2, Double(min(self.failures, 16))), Self.pauseCap)
        self.failures += 1
        self.start = .distantPast
        self.due = now.addingTimeInterval(pause * (0.8 + 0.4 * chance))
    }
}
