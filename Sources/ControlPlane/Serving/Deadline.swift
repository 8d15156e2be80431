/// A wait that took too long.
struct DeadlinePassed: Error, Sendable {}

/// Runs work, and cancels it when it takes longer than allowed.
///
/// - Throws: what the work throws, or `DeadlinePassed`.
func withDeadline<Result: Sendable>(
    _ duration: Duration,
    _ work: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await Task.sleep(for: duration)
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let result = first else { throw DeadlinePassed() }
        return result
    }
}
