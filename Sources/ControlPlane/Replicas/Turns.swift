/// Lets one body run at a time, in the order in which they came. A body that was begun ends, even when its caller is
/// cancelled.
actor Turns {
    private var last: Task<Void, Never>?

    func take<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let before = self.last
        let turn = Task {
            await before?.value
            return try await body()
        }
        self.last = Task { _ = await turn.result }
        return try await turn.value
    }
}
