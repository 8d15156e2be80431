/// Caches what a source gives and asks again in good time; those who wait share one question.
package actor RefreshingCredentials: CredentialsProvider {
    /// When to ask again, in seconds before the end.
    package struct Schedule: Sendable, Hashable {
        /// From here on it is tried, and failure does not matter yet.
        package var advisory = 900.0
        /// From here on what is cached is not given out any more when asking fails.
        package var mandatory = 60.0
        /// After a failure in the advisory time nobody asks for this long.
        package var pause = 30.0

        /// 15 minutes, 1 minute, 30 seconds.
        package init() {}
    }

    private let load: @Sendable () async throws -> AWSCredentials
    private let now: @Sendable () -> Double
    private let schedule: Schedule
    private var cached: AWSCredentials?
    private var refresh: Task<AWSCredentials, any Error>?
    private var pausedUntil = -Double.infinity

    /// - Parameters:
    ///   - schedule: when to ask again.
    ///   - now: seconds since the epoch.
    ///   - load: asks the source; must end by itself.
    package init(
        schedule: Schedule = Schedule(),
        now: @escaping @Sendable () -> Double,
        load: @escaping @Sendable () async throws -> AWSCredentials
    ) {
        self.schedule = schedule
        self.now = now
        self.load = load
    }

    package func credentials() async throws -> AWSCredentials {
        guard let cached = self.cached else { return try await self.refreshed() }
        guard let expiration = cached.expiration else { return cached }
        let left = expiration - self.now()
        if left > self.schedule.advisory { return cached }
        if left <= self.schedule.mandatory { return try await self.refreshed() }
        if self.now() < self.pausedUntil { return cached }
        do {
            return try await self.refreshed()
        } catch {
            self.pausedUntil = self.now() + self.schedule.pause
            return cached
        }
    }

    package func refused(_ credentials: AWSCredentials) {
        if self.cached == credentials { self.cached = nil }
    }

    /// The task is no child of the caller's: when one of those who wait is cancelled, the others still get an answer.
    private func refreshed() async throws -> AWSCredentials {
        if let refresh = self.refresh { return try await refresh.value }
        let load = self.load
        let task = Task { try await load() }
        self.refresh = task
        defer { self.refresh = nil }
        let fresh = try await task.value
        self.cached = fresh
        return fresh
    }
}
