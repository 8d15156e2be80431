import Synchronization

/// Limits how much of the traffic may be retries, so that a sick service is not hit harder than a well one.
///
/// The numbers are those of the AWS SDKs' standard mode.
package final class RetryBudget: Sendable {
    private let capacity: Int
    private let tokens: Mutex<Int>

    /// Starts full.
    package init(capacity: Int) {
        self.capacity = capacity
        self.tokens = Mutex(capacity)
    }

    /// Takes what a retry costs; `nil` when there is not enough left.
    package func take(afterTimeout: Bool) -> Int? {
        let cost = afterTimeout ? 10 : 5
        return self.tokens.withLock { tokens in
            guard tokens >= cost else { return nil }
            tokens -= cost
            return cost
        }
    }

    /// Gives back after a success: what its last retry drew, or 1.
    package func giveBack(_ drawn: Int?) {
        self.tokens.withLock { $0 = min(self.capacity, $0 + (drawn ?? 1)) }
    }

    /// What is left.
    package var remaining: Int { self.tokens.withLock { $0 } }
}
