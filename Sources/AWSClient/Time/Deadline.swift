/// Runs an operation that gives up when the time is over.
///
/// The operation must honour cancellation: it is cancelled and then awaited.
func withDeadline<Result: Sendable>(
    _ limit: Duration,
    orThrow error: @autoclosure @escaping @Sendable () -> any Error,
    operation: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    guard limit > .zero else { throw error() }
    return try await withThrowingTaskGroup(of: Result.self) { group in
        group.addTask { try await operation() }
        group.addTask {
            try await Task.sleep(for: limit)
            throw error()
        }
        defer { group.cancelAll() }
        guard let first = try await group.next() else { throw error() }
        return first
    }
}
