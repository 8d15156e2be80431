import Foundation

/// Until when certificates that were given out may be in use: what a rotation of roots has to wait for.
///
/// Kept in the state directory, an hour ahead of need, so that it is written at most about once an hour and yet before
/// the certificate it stands for is handed out. A disk that is full doesn't stop issuing: after a restart the default
/// lifetime is then assumed.
struct IssuedUntil: Sendable {
    private static let file = "issued-until"
    private static let ahead = 3600.0

    /// The latest end of any certificate given out.
    private(set) var latest: Date
    private var stored: Date

    /// Reads what was kept. Where that may be too little, as the file is not there or could not be written, what the
    /// lifetimes allow is assumed.
    ///
    /// - Parameter isFirstStart: whether nothing can have been given out yet.
    /// - Throws: `AuthorityError` with `state_…`.
    init(
        state: StateDirectory,
        isFirstStart: Bool,
        lifetimes: AuthorityLifetimes,
        now: Date
    ) throws(AuthorityError) {
        let content = try state.read(Self.file, limit: 64)
        guard let content else {
            let longest = max(lifetimes.workloadDefault, lifetimes.workloadMaximum)
            self.latest = isFirstStart ? .distantPast : now.addingTimeInterval(longest.wholeSeconds)
            self.stored = .distantPast
            return
        }
        let text = String(decoding: content, as: UTF8.self).split(separator: "\n").first ?? ""
        guard let seconds = Int64(text), abs(seconds) < 1 << 40 else {
            throw AuthorityError(.stateCorrupt, "\(state.path)/\(Self.file) must hold seconds since 1970: remove it")
        }
        self.stored = Date(timeIntervalSince1970: Double(seconds))
        self.latest = max(self.stored, now.addingTimeInterval(lifetimes.workloadDefault.wholeSeconds))
    }

    /// Counts a certificate that is about to be given out.
    mutating func cover(_ end: Date, in state: StateDirectory) {
        self.latest = max(self.latest, end)
        guard end > self.stored else { return }
        let mark = end.addingTimeInterval(Self.ahead)
        let content = Array("\(Int64(mark.timeIntervalSince1970.rounded(.up)))\n".utf8)
        do {
            try state.write(Self.file, content)
            self.stored = mark
        } catch {
            // The next certificate tries again.
        }
    }
}
