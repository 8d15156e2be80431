import BoringTLS
import Testing

struct TransferTests {
    /// A small deterministic generator, so that a failure can be repeated from its printed seed.
    struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func manyBytesArriveInOrderHoweverTheyAreSplit(_ seed: UInt64) throws {
        var generator = Generator(state: seed)
        let pair = try LoopbackPair.connected()
        let sent = (0..<600_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        var received: [UInt8] = []
        var rest = sent[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...40_000, using: &generator))
            #expect(pair.client.write([UInt8](piece)) == .written)
            rest = rest.dropFirst(piece.count)
            let hop = Int.random(in: 1...30_000, using: &generator)
            pair.hopBytes = { hop }
            received += pair.transfer(from: pair.client, to: pair.server).bytes
        }
        #expect(received == sent, "seed \(seed)")
        #expect(pair.server.pendingInputCount == 0)
    }

    @Test func readerThatStopsEarlyLosesNothing() throws {
        let pair = try LoopbackPair.connected()
        let sent = (0..<50_000).map { UInt8(truncatingIfNeeded: $0) }
        #expect(pair.server.write(sent) == .written)
        var received: [UInt8] = []
        var small = [UInt8](repeating: 0, count: 100)
        pair.hop(from: pair.server, to: pair.client) {
            // One small read, then the lent bytes are taken away.
            if case .bytes(let count) = small.withUnsafeMutableBytes({ pair.client.read(into: $0) }) {
                received += small.prefix(count)
            }
        }
        #expect(received.count == 100)
        #expect(pair.client.pendingInputCount > 0)
        #expect(LoopbackPair.readAll(pair.client, into: &received) == .needsInput)
        #expect(received == sent)
        #expect(pair.client.pendingInputCount == 0)
    }

    @Test func ciphertextThatNobodyReadsIsBounded() throws {
        let pair = try LoopbackPair.connected()
        let piece = [UInt8](repeating: 1, count: 60_000)
        for _ in 0..<10 where pair.client.failure == nil {
            #expect(pair.server.write(piece) == .written)
            pair.hop(from: pair.server, to: pair.client) {}
        }
        #expect(pair.client.failure?.code == .bufferOverflow)
    }

    @Test func outputBeyondItsLimitIsRefusedWhole() throws {
        let authority = try TestAuthority()
        let buffers = TLSBufferPool()
        let client = try TLSSession(
            context: try authority.context([TestAuthority.clientURI]),
            role: .client,
            expectation: .oneOf([TestAuthority.serverURI]),
            buffers: buffers,
            outputLimit: 100_000
        )
        let server = try TLSSession(
            context: try authority.context([TestAuthority.serverURI]),
            role: .server,
            expectation: .anyIdentity(trustDomain: "cluster.local"),
            buffers: buffers
        )
        #expect(client.write([1]) == .failed, "nothing can be written before the handshake is complete")
        #expect(client.handshake() == .needsInput)
        let pair = try #require(Optional((client, server)))
        func carry(_ from: TLSSession, _ to: TLSSession) {
            let bytes = [UInt8](from.output)
            from.consumeOutput(bytes.count)
            bytes.withUnsafeBytes {
                to.provideCiphertext($0)
                _ = to.handshake()
                to.endCiphertext()
            }
        }
        carry(pair.0, pair.1)
        carry(pair.1, pair.0)
        carry(pair.0, pair.1)
        #expect(client.isOpen && server.isOpen)
        let piece = [UInt8](repeating: 7, count: 40_000)
        #expect(client.write(piece) == .written)
        #expect(client.write(piece) == .written)
        let before = client.outputCount
        #expect(client.write(piece) == .wouldOverflow)
        #expect(client.outputCount == before)
        client.consumeOutput(before)
        #expect(client.write(piece) == .written)
    }

    @Test func idleSessionsHoldNoBuffer() throws {
        let buffers = TLSBufferPool(keptBlocks: 2)
        let authority = try TestAuthority()
        let pair = try LoopbackPair(
            client: try authority.context([TestAuthority.clientURI]),
            server: try authority.context([TestAuthority.serverURI]),
            buffers: buffers
        )
        #expect(buffers.keptBlocks == 0)
        pair.handshake()
        // Both have sent; the one block that they took in turn is back in stock.
        #expect(buffers.keptBlocks == 1)
        #expect(pair.client.output.baseAddress == nil)
        #expect(pair.server.output.baseAddress == nil)
        #expect(pair.client.write([1, 2, 3]) == .written)
        #expect(buffers.keptBlocks == 0)
        #expect(pair.transfer(from: pair.client, to: pair.server).bytes == [1, 2, 3])
        #expect(buffers.keptBlocks == 1)
        // A queue that outgrew its block is freed, not kept.
        #expect(pair.client.write([UInt8](repeating: 9, count: 200_000)) == .written)
        #expect(pair.transfer(from: pair.client, to: pair.server).bytes.count == 200_000)
        #expect(buffers.keptBlocks == 1)
    }

    @Test func eachSideClosesItsHalf() throws {
        let pair = try LoopbackPair.connected()
        #expect(pair.client.write([1]) == .written)
        pair.client.shutdown()
        let atServer = pair.transfer(from: pair.client, to: pair.server)
        #expect(atServer.bytes == [1])
        #expect(atServer.last == .closed)
        #expect(pair.client.write([2]) == .failed, "nothing follows a close_notify")
        #expect(pair.server.write([3, 4]) == .written)
        pair.server.shutdown()
        let atClient = pair.transfer(from: pair.server, to: pair.client)
        #expect(atClient.bytes == [3, 4])
        #expect(atClient.last == .closed)
    }

    @Test func transportThatEndsWithoutCloseNotifyIsAFailure() throws {
        let pair = try LoopbackPair.connected()
        pair.server.endInput()
        var bytes: [UInt8] = []
        #expect(LoopbackPair.readAll(pair.server, into: &bytes) == .failed)
        #expect(pair.server.failure?.code == .closedUnexpectedly)

        let authority = try TestAuthority()
        let young = try LoopbackPair(
            client: try authority.context([TestAuthority.clientURI]),
            server: try authority.context([TestAuthority.serverURI])
        )
        _ = young.client.handshake()
        young.client.endInput()
        #expect(young.client.handshake() == .failed)
        #expect(young.client.failure?.code == .closedUnexpectedly)
    }

    @Test func changedCiphertextIsAProtocolErrorAndSendsAnAlert() throws {
        let pair = try LoopbackPair.connected()
        #expect(pair.client.write([UInt8](repeating: 5, count: 100)) == .written)
        var bytes = [UInt8](pair.client.output)
        pair.client.consumeOutput(bytes.count)
        bytes[bytes.count - 1] ^= 1
        var received: [UInt8] = []
        let result = bytes.withUnsafeBytes {
            pair.server.provideCiphertext($0)
            return LoopbackPair.readAll(pair.server, into: &received)
        }
        #expect(result == .failed)
        #expect(received.isEmpty)
        #expect(pair.server.failure?.code == .protocolError)
        #expect(pair.server.outputCount > 0)
        _ = pair.transfer(from: pair.server, to: pair.client)
        #expect(pair.client.failure?.code == .rejectedByPeer)
    }

    @Test func garbageNeverTraps() throws {
        let authority = try TestAuthority()
        let client = try authority.context([TestAuthority.clientURI])
        let server = try authority.context([TestAuthority.serverURI])
        var generator = Generator(state: 99)
        for round in 0..<200 {
            let pair = try LoopbackPair(client: client, server: server)
            _ = pair.client.handshake()
            var bytes: [UInt8]
            if round.isMultiple(of: 2) {
                bytes = (0..<Int.random(in: 1...400, using: &generator)).map { _ in
                    UInt8.random(in: 0...255, using: &generator)
                }
            } else {
                // A real ClientHello with some bytes changed and its end cut.
                bytes = [UInt8](pair.client.output)
                for _ in 0..<3 {
                    bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
                }
                bytes.removeLast(Int.random(in: 0..<20, using: &generator))
            }
            bytes.withUnsafeBytes {
                pair.server.provideCiphertext($0)
                _ = pair.server.handshake()
                pair.server.endCiphertext()
            }
            pair.server.endInput()
            _ = pair.server.handshake()
            #expect(!pair.server.isOpen)
        }
    }

    @Test func plainHTTPIsNamedAsSuch() throws {
        let authority = try TestAuthority()
        let pair = try LoopbackPair(
            client: try authority.context([TestAuthority.clientURI]),
            server: try authority.context([TestAuthority.serverURI])
        )
        [UInt8]("GET / HTTP/1.1\r\nhost: x\r\n\r\n".utf8).withUnsafeBytes {
            pair.server.provideCiphertext($0)
            #expect(pair.server.handshake() == .failed)
        }
        #expect(pair.server.failure?.code == .handshakeFailed)
        #expect(pair.server.failure?.message.contains("TLS 1.3") == true)
    }
}
