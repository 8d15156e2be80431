import MeshModel
import Testing

@testable import TunnelEngine

/// Two ends joined back to back.
@Suite struct HTTP2ConnectionTests {
    /// Carries all output both ways until nothing moves, cut into random pieces.
    static func pump(_ client: HTTP2TestEnd, _ server: HTTP2TestEnd, _ random: inout SeededRandom) {
        var moved = true
        while moved {
            moved = false
            for (from, to) in [(client, server), (server, client)] {
                let bytes = from.takeOutput()
                if bytes.isEmpty { continue }
                moved = true
                Self.deliver(bytes, to: to, &random)
            }
        }
    }

    static func deliver(_ bytes: [UInt8], to end: HTTP2TestEnd, _ random: inout SeededRandom) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...max(1, min(rest.count, 40)), using: &random))
            rest = rest.dropFirst(piece.count)
            #expect(end.receive(Array(piece)) == nil)
        }
    }

    @Test func tunnelCarriesBytesBothWaysAndEndsEachWayAlone() throws {
        var random = SeededRandom(seed: 1)
        let client = HTTP2TestEnd(.client)
        let server = HTTP2TestEnd(.server)
        let stream = try #require(client.open(HTTP2Wire.connect + [HTTP2Header("baggage", "k8s.cluster.name=c")]))
        Self.pump(client, server, &random)
        let far = try #require(server.streams.first)
        #expect(server.listeners[0].headers[0].first(named: "baggage") == "k8s.cluster.name=c")
        #expect(server.connection.sendHeaders(far, [HTTP2Header(":status", "200")], endStream: false))
        Self.pump(client, server, &random)
        #expect(client.listeners[0].headers == [[HTTP2Header(":status", "200")]])

        let request = Array("hello".utf8)
        Self.deliver(client.send(stream, request).wire, to: server, &random)
        client.connection.finish(stream)
        Self.pump(client, server, &random)
        #expect(server.listeners[0].bytes == request)
        #expect(server.listeners[0].isEnded)
        #expect(!far.isClosed)

        let response = Array("goodbye".utf8)
        Self.deliver(server.send(far, response, endStream: true).wire, to: client, &random)
        #expect(client.listeners[0].bytes == response)
        #expect(client.listeners[0].isEnded)
        #expect(stream.isClosed && far.isClosed)
        #expect(client.connection.activeStreams == 0 && server.connection.activeStreams == 0)
        #expect(stream.owner == nil && far.owner == nil)
        #expect(client.listeners[0].resets.isEmpty && server.listeners[0].resets.isEmpty)
    }
}
