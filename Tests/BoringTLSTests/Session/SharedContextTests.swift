import BoringTLS
import Foundation
import Synchronization
import Testing

struct SharedContextTests {
    @Test func sessionsOfSeveralThreadsShareOneContext() throws {
        let authority = try TestAuthority()
        let client = try authority.context([TestAuthority.clientURI])
        let server = try authority.context([TestAuthority.serverURI])
        let complete = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: 4) { _ in
            for _ in 0..<25 {
                guard let pair = try? LoopbackPair(client: client, server: server) else { return }
                guard pair.handshake() == (.complete, .complete) else { return }
                guard pair.server.write([1, 2, 3]) == .written else { return }
                guard pair.transfer(from: pair.server, to: pair.client).bytes == [1, 2, 3] else { return }
                complete.add(1, ordering: .relaxed)
            }
        }
        #expect(complete.load(ordering: .relaxed) == 100)
    }

    @Test func sessionsOutliveTheirContextsOwner() throws {
        let authority = try TestAuthority()
        let pair = try LoopbackPair(
            client: try authority.context([TestAuthority.clientURI]),
            server: try authority.context([TestAuthority.serverURI])
        )
        // The contexts are held by the sessions alone, as after a rotation.
        #expect(pair.handshake() == (.complete, .complete))
    }
}
