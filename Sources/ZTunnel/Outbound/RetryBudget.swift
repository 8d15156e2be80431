/// How many second attempts the connections of one proxy may make in all.
///
/// When everything fails, retries would only multiply the load: each connection earns a fifth of one, and a small
/// reserve serves those who have few connections.
struct RetryBudget {
    /// In fifths of a retry.
    private var fifths = Self.reserve * 5

    /// Retries that may be made before any was earned.
    static let reserve = 10
    /// Retries that can be saved up.
    static let maximum = 200

    /// A connection was begun.
    mutating func earn() { self.fifths = min(self.fifths + 1, Self.maximum * 5) }

    /// Takes one retry; false when none is left.
    mutating func spend() -> Bool {
        guard self.fifths >= 5 else { return false }
        self.fifths -= 5
        return true
    }
}
