import Foundation
import Testing

@testable import TunnelEngine

/// What the pool does with peers that take no streams, say nothing or go away.
@Suite
struct TunnelPoolTests {
    @Test(arguments: ["streams", "headers"])
    func aPeerThatTakesNoTunnelIsGivenUp(missing: String) throws {
        let (_, port) = BlockingSocket.listen()
        var limits = TunnelPoolLimits()
        if missing == "streams" {
            limits.link.http2.concurrentStreams = 0
        } else {
            limits.link.http2.headerListBytes = 40
        }
        let pair = try TunnelPair(appPort: port, limits: limits)
        defer { pair.stop() }
        let client = try #require(BlockingSocket.connect(pair.boundEntrance))
        #expect(eventually(seconds: 5) { pair.errors.value.count == 1 })
        #expect(pair.exitConnections <= 1)
        #expect(client.receive()?.isEmpty != false)
    }
}
