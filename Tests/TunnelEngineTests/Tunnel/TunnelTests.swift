import Foundation
import Testing

@testable import TunnelEngine

/// Whole tunnels on loopback: TLS, HTTP/2, pool, server and relay together.
@Suite(.serialized)
struct TunnelTests {
    private func serve(
        _ listener: BlockingSocket,
        connections: Int = 1,
        _ body: @escaping @Sendable (BlockingSocket) -> Void
    ) {
        let listener = Unchecked(listener)
        Thread.detachNewThread {
            for _ in 0..<connections {
                guard let accepted = listener.value.accept() else { return }
                let socket = Unchecked(accepted)
                Thread.detachNewThread { body(socket.value) }
            }
        }
    }

    private static func pattern(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SplitMix(state: seed)
        var bytes = [UInt8](repeating: 0, count: count)
        bytes.withUnsafeMutableBytes { buffer in
            for offset in stride(from: 0, to: count - 7, by: 8) {
                buffer.storeBytes(of: random.next(), toByteOffset: offset, as: UInt64.self)
            }
        }
        return bytes
    }

    @Test func bytesArriveExactlyInBothDirections() throws {
        let (listener, port) = BlockingSocket.listen()
        let pair = try TunnelPair(appPort: port)
        defer { pair.stop() }
        self.serve(listener) { socket in
            while let bytes = socket.receive(), !bytes.isEmpty { _ = socket.send(bytes) }
            socket.finish()
        }
        let sent = Self.pattern(32 << 20, seed: 1)
        let client = try #require(BlockingSocket.connect(pair.boundEntrance))
        let writer = Unchecked(client)
        Thread.detachNewThread {
            _ = writer.value.send(sent)
            writer.value.finish()
        }
        let received = try #require(client.receiveAll())
        #expect(received == sent)
        #expect(eventually { pair.outcomes.value == [.complete] })
        #expect(pair.identities.value == [TunnelPair.client])
    }

    @Test func theServerMaySpeakFirst() throws {
        let (listener, port) = BlockingSocket.listen()
        let pair = try TunnelPair(appPort: port)
        defer { pair.stop() }
        self.serve(listener) { socket in
            _ = socket.send(Array("220 ready\r\n".utf8))
            _ = socket.receive()
        }
        let client = try #require(BlockingSocket.connect(pair.boundEntrance))
        #expect(client.receive(exactly: 11) == Array("220 ready\r\n".utf8))
    }

    @Test func eachDirectionEndsByItself() throws {
        let (listener, port) = BlockingSocket.listen()
        let pair = try TunnelPair(appPort: port)
        defer { pair.stop() }
        self.serve(listener) { socket in
            guard let question = socket.receiveAll() else { return }
            usleep(50_000)
            _ = socket.send(question.reversed())
        }
        let client = try #require(BlockingSocket.connect(pair.boundEntrance))
        #expect(client.send([1, 2, 3]))
        client.finish()
        #expect(client.receiveAll() == [3, 2, 1])
        #expect(eventually { pair.outcomes.value == [.complete] })
    }

    @Test func aResetTravelsToTheFarSide() throws {
        let (listener, port) = BlockingSocket.listen()
        let pair = try TunnelPair(appPort: port)
        defer { pair.stop() }
        let sawReset = Box(false)
        let started = DispatchSemaphore(value: 0)
        self.serve(listener) { socket in
            _ = socket.receive()
            started.signal()
            sawReset.value = socket.receive() == nil
        }
        var client = BlockingSocket.connect(pair.boundEntrance)
        #expect(client?.send([1]) == true)
        #expect(started.wait(timeout: .now() + 10) == .success)
        client?.abort()
        client = nil
        #expect(eventually { sawReset.value })
    }

    @Test func aThousandConnectionsShareAFewLinks() throws {
        let (listener, port) = BlockingSocket.listen()
        let pair = try TunnelPair(appPort: port)
        defer { pair.stop() }
        self.serve(listener, connections: 300) { socket in
            while let bytes = socket.receive(), !bytes.isEmpty { _ = socket.send(bytes) }
        }
        let clients = (0..<300).compactMap { _ in BlockingSocket.connect(pair.boundEntrance) }
        #expect(clients.count == 300)
        for (index, client) in clients.enumerated() { #expect(client.send(Array("hello \(index)".utf8))) }
        for (index, client) in clients.enumerated() {
            let expected = Array("hello \(index)".utf8)
            #expect(client.receive(exactly: expected.count) == expected)
        }
        #expect((3...5).contains(pair.poolLinks))
    }

    @Test func aSlowReaderHoldsBackItsWriterOnly() throws {
        let (listener, port) = BlockingSocket.listen()
        let pair = try TunnelPair(appPort: port)
        defer { pair.stop() }
        let gate = DispatchSemaphore(value: 0)
        self.serve(listener, connections: 2) { socket in
            guard let first = socket.receive(exactly: 1) else { return }
            if first == [0] {
                gate.wait()
                while let bytes = socket.receive(), !bytes.isEmpty {}
            } else {
                while let bytes = socket.receive(), !bytes.isEmpty { _ = socket.send(bytes) }
            }
        }
        let slow = try #require(BlockingSocket.connect(pair.boundEntrance))
        #expect(slow.send([0]))
        let quick = try #require(BlockingSocket.connect(pair.boundEntrance))
        #expect(quick.send([1]))
        let sent = Box(0)
        let writer = Unchecked(slow)
        Thread.detachNewThread {
            let block = [UInt8](repeating: 9, count: 1 << 20)
            while sent.value < 64, writer.value.send(block) { sent.value += 1 }
        }
        usleep(500_000)
        let stuck = sent.value
        #expect(stuck < 40, "back-pressure must stop the writer")
        #expect(quick.send([5, 6, 7]))
        #expect(quick.receive(exactly: 3) == [5, 6, 7])
        gate.signal()
        #expect(eventually { sent.value == 64 })
    }

    @Test(arguments: [400, 401, 503])
    func aRefusalClosesTheApplication(status: Int) throws {
        let (_, port) = BlockingSocket.listen()
        let pair = try TunnelPair(appPort: port)
        defer { pair.stop() }
        pair.statusToRefuseWith.value = status
        let client = try #require(BlockingSocket.connect(pair.boundEntrance))
        #expect(client.receive()?.isEmpty != false)
        #expect(pair.errors.value.map(\.description) == ["http status: \(status)"])
    }

    @Test func anotherIdentityThanExpectedIsRefused() throws {
        let (_, port) = BlockingSocket.listen()
        let pair = try TunnelPair(appPort: port, expecting: "spiffe://test/ns/a/sa/other")
        defer { pair.stop() }
        let client = try #require(BlockingSocket.connect(pair.boundEntrance))
        #expect(client.receive()?.isEmpty != false)
        let text = try #require(pair.errors.value.first).description
        #expect(text.contains("spiffe://test/ns/a/sa/other"))
        #expect(pair.identities.value.isEmpty)
    }

    @Test func aPeerOfAnotherTrustDomainIsRefused() throws {
        let (_, port) = BlockingSocket.listen()
        let pair = try TunnelPair(appPort: port, clientURI: "spiffe://foreign/ns/a/sa/client")
        defer { pair.stop() }
        let client = try #require(BlockingSocket.connect(pair.boundEntrance))
        #expect(client.receive()?.isEmpty != false)
        #expect(eventually { !pair.linkErrors.value.isEmpty })
        #expect(pair.identities.value.isEmpty)
    }

    @Test func aClosedPortAnswers503() throws {
        let port = BlockingSocket.listen().port  // closed again at once
        let pair = try TunnelPair(appPort: port)
        defer { pair.stop() }
        let client = try #require(BlockingSocket.connect(pair.boundEntrance))
        #expect(client.receive()?.isEmpty != false)
        #expect(pair.errors.value.map(\.description) == ["http status: 503"])
    }

    @Test func drainingLetsOpenConnectionsFinish() throws {
        let (listener, port) = BlockingSocket.listen()
        let pair = try TunnelPair(appPort: port)
        defer { pair.stop() }
        self.serve(listener) { socket in
            while let bytes = socket.receive(), !bytes.isEmpty { _ = socket.send(bytes) }
        }
        let client = try #require(BlockingSocket.connect(pair.boundEntrance))
        #expect(client.send([1]))
        #expect(client.receive(exactly: 1) == [1])
        try pair.drainExit()
        #expect(client.send([2]))
        #expect(client.receive(exactly: 1) == [2])
        client.finish()
        #expect(client.receiveAll() == [])
        #expect(eventually { pair.exitConnections == 0 })
        let late = BlockingSocket.connect(pair.boundEntrance)
        #expect(late?.receive()?.isEmpty != false)
    }

    @Test func aDrainLosesNoneOfTheBytesThatWait() throws {
        let (listener, port) = BlockingSocket.listen()
        var limits = TunnelPoolLimits()
        limits.link.outputHighBytes = 3 << 20
        limits.link.http2.streamWindow = 16 << 20
        let pair = try TunnelPair(appPort: port, limits: limits)
        defer { pair.stop() }
        let answer = Self.pattern(3 << 20, seed: 7)
        let asked = DispatchSemaphore(value: 0)
        let drained = DispatchSemaphore(value: 0)
        let answered = DispatchSemaphore(value: 0)
        self.serve(listener) { socket in
            _ = socket.receiveAll()
            asked.signal()
            drained.wait()
            _ = socket.send(answer)
            socket.finish()
            answered.signal()
        }
        let client = try #require(BlockingSocket.connect(pair.boundEntrance))
        #expect(client.send([1]))
        client.finish()
        #expect(asked.wait(timeout: .now() + 10) == .success)
        let frozen = DispatchSemaphore(value: 0)
        pair.entranceLoop.loop.submit { frozen.wait() }
        try pair.drainExit()
        drained.signal()
        #expect(answered.wait(timeout: .now() + 10) == .success)
        usleep(300_000)
        frozen.signal()
        let isWhole = client.receiveAll() == answer
        #expect(isWhole)
        #expect(eventually { pair.exitConnections == 0 })
    }

    @Test func anAbortAfterBothEndsGivesTheWindowBack() throws {
        let (listener, port) = BlockingSocket.listen(receiveBuffer: 8192)
        var limits = TunnelPoolLimits()
        limits.link.http2.streamWindow = 1 << 20
        limits.link.http2.connectionWindow = 2 << 20
        let pair = try TunnelPair(appPort: port, limits: limits)
        defer { pair.stop() }
        pair.exitSendBuffer.value = 8192
        for _ in 0..<5 {
            let client = try #require(BlockingSocket.connect(pair.boundEntrance))
            var server = listener.accept()
            server?.finish()
            #expect(client.receiveAll() == [])
            #expect(client.send([UInt8](repeating: 1, count: 900_000)))
            client.finish()
            usleep(200_000)
            server?.abort()
            server = nil
        }
        let sent = Self.pattern(4 << 20, seed: 3)
        self.serve(listener) { socket in
            while let bytes = socket.receive(), !bytes.isEmpty { _ = socket.send(bytes) }
            socket.finish()
        }
        let client = try #require(BlockingSocket.connect(pair.boundEntrance))
        let writer = Unchecked(client)
        Thread.detachNewThread {
            _ = writer.value.send(sent)
            writer.value.finish()
        }
        let isWhole = client.receiveAll() == sent
        #expect(isWhole)
        #expect(pair.poolLinks == 1)
    }
}
