import AWSClient
import AWSSignature
import Synchronization
import Testing

struct RefreshingCredentialsTests {
    /// A clock and a source that a test moves by hand.
    final class World: Sendable {
        struct State {
            var now = 0.0
            var loads = 0
            var fails = false
            var lifetime: Double? = 3_600
        }

        let state = Mutex(State())

        func load() async throws -> AWSCredentials {
            await Task.yield()
            return try self.state.withLock { state in
                state.loads += 1
                if state.fails {
                    throw AWSError(service: "t", action: "t", code: "Down", message: "m", kind: .credentials)
                }
                return AWSCredentials(
                    keys: SignatureCredentials(accessKeyID: "A\(state.loads)", secretAccessKey: "s"),
                    expiration: state.lifetime.map { state.now + $0 },
                    source: "t"
                )
            }
        }

        func provider() -> RefreshingCredentials {
            RefreshingCredentials(now: { self.state.withLock { $0.now } }) { try await self.load() }
        }

        func change(_ body: (inout State) -> Void) { self.state.withLock { body(&$0) } }

        var loads: Int { self.state.withLock { $0.loads } }
    }

    @Test
    func asksOnceForAllWhoWait() async throws {
        let world = World()
        let provider = world.provider()
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<50 { group.addTask { try await provider.credentials().keys.accessKeyID } }
            for try await key in group { #expect(key == "A1") }
        }
        #expect(world.loads == 1)
    }

    @Test
    func renewsInGoodTimeAndLivesWithAFailureUntilItCannot() async throws {
        let world = World()
        let provider = world.provider()
        _ = try await provider.credentials()
        world.change { $0.now = 2_699 }
        #expect(try await provider.credentials().keys.accessKeyID == "A1")
        world.change {
            $0.now = 2_701
            $0.fails = true
        }
        for _ in 0..<5 { #expect(try await provider.credentials().keys.accessKeyID == "A1") }
        #expect(world.loads == 2)
        world.change { $0.now = 2_740 }
        _ = try await provider.credentials()
        #expect(world.loads == 3)
        world.change { $0.now = 3_541 }
        await #expect(throws: AWSError.self) { try await provider.credentials() }
        world.change { $0.fails = false }
        #expect(try await provider.credentials().keys.accessKeyID == "A5")
    }

    @Test
    func keepsKeysWithoutAnEndForEver() async throws {
        let world = World()
        world.change { $0.lifetime = nil }
        let provider = world.provider()
        _ = try await provider.credentials()
        world.change { $0.now = 1e12 }
        _ = try await provider.credentials()
        #expect(world.loads == 1)
    }

    @Test
    func forgetsWhatWasRefused() async throws {
        let world = World()
        let provider = world.provider()
        let first = try await provider.credentials()
        await provider.refused(first)
        let second = try await provider.credentials()
        #expect(second.keys.accessKeyID == "A2")
        await provider.refused(first)
        _ = try await provider.credentials()
        #expect(world.loads == 2)
    }
}
