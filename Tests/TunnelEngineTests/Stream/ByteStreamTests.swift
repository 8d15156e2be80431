import Foundation
import Testing

@testable import TunnelEngine

@Suite("Byte streams", .serialized)
struct ByteStreamTests {
    /// Notes what comes.
    private final class Owner: ByteStreamOwner {
        var received: [UInt8] = []
        var ends = 0
        var canSends = 0
        var outcomes: [RelayOutcome] = []
        var consumes = true
        var onReceive: (ByteStream) -> Void = { _ in }
        var onCanSend: (ByteStream) -> Void = { _ in }

        func byteStream(_ stream: ByteStream, received bytes: UnsafeRawBufferPointer) {
            self.received += bytes
            if self.consumes { stream.consumed(bytes.count) }
            self.onReceive(stream)
        }
        func byteStreamReceivedEnd(_ stream: ByteStream) { self.ends += 1 }
        func byteStreamCanSend(_ stream: ByteStream) {
            self.canSends += 1
            self.onCanSend(stream)
        }
        func byteStreamEnded(_ stream: ByteStream, _ outcome: RelayOutcome) { self.outcomes.append(outcome) }
    }

    @Test("bytes both ways, each way ending by itself")
    func halfClose() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let owner = Unchecked(Owner())
        let (stream, socket) = try setting.byteStream(owner: owner.value, early: [1, 2])
        let held = Unchecked(stream)
        #expect(socket.send([3]))
        #expect(setting.eventually { owner.value.received == [1, 2, 3] })
        socket.finish()
        #expect(setting.eventually { owner.value.ends == 1 })
        try setting.sync {
            held.value.send([4, 5])
            held.value.send([6])
            held.value.finish()
            held.value.send([7])
        }
        #expect(socket.receiveAll() == [4, 5, 6])
        #expect(setting.eventually { owner.value.outcomes == [.complete] })
        #expect(try setting.sync { held.value.bytesReceived == 3 && held.value.bytesSent == 3 })
    }

    @Test("reading stops while nothing is given back, and goes on after")
    func receiving() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let owner = Unchecked(Owner())
        owner.value.consumes = false
        let (stream, socket) = try setting.byteStream(owner: owner.value)
        let held = Unchecked(stream)
        let size = 8 << 20
        let writer = Unchecked(socket)
        LoopWriter.run { _ = writer.value.send([UInt8](repeating: 1, count: size)) }
        let limit = ByteStream.windowBytes
        #expect(setting.eventually { owner.value.received.count == limit })
        for _ in 0..<10 { #expect(try setting.sync { owner.value.received.count } == limit) }
        try setting.sync {
            owner.value.consumes = true
            held.value.consumed(owner.value.received.count)
        }
        #expect(setting.eventually { owner.value.received.count == size })
    }

    @Test("sending says when there is no room, and when there is again")
    func sending() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let owner = Unchecked(Owner())
        let (stream, socket) = try setting.byteStream(owner: owner.value)
        let held = Unchecked(stream)
        let size = 16 << 20
        var sent = 0
        let left = Box(size)
        owner.value.onCanSend = { stream in
            while left.value > 0 {
                let count = min(stream.capacity(), left.value)
                guard count > 0 else { return }
                stream.send([UInt8](repeating: 5, count: count))
                left.value -= count
            }
            stream.finish()
        }
        try setting.sync { owner.value.onCanSend(held.value) }
        #expect(try setting.sync { left.value > 0 && held.value.pendingCount <= 64 * 1024 })
        while let bytes = socket.receive(), !bytes.isEmpty { sent += bytes.count }
        #expect(sent == size)
        #expect(try setting.sync { owner.value.canSends } > 0)
    }

    @Test("an orderly close lets everything leave, an abortive one tells the peer")
    func closing() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let owner = Unchecked(Owner())
        let (stream, socket) = try setting.byteStream(owner: owner.value)
        let held = Unchecked(stream)
        let bytes = [UInt8](repeating: 6, count: 4 << 20)
        #expect(socket.send([1, 2, 3]))
        try setting.sync {
            held.value.send(bytes)
            held.value.close(isAbortive: false)
            #expect(owner.value.outcomes.isEmpty, "no event from within a call")
        }
        #expect(socket.send([4, 5, 6]))
        let received = socket.receiveAll()
        #expect(received == bytes)
        socket.finish()
        #expect(setting.eventually { owner.value.outcomes.count == 1 })
        let (other, peer) = try setting.byteStream(owner: owner.value)
        let heldOther = Unchecked(other)
        try setting.sync { heldOther.value.close(isAbortive: true) }
        #expect(peer.receive() == nil)
        #expect(setting.eventually { owner.value.outcomes.count == 2 })
        #expect(try setting.sync { setting.thread.loop.heldBytes } == 0)
    }

    @Test("a peer that is gone ends the stream, in a later turn")
    func failure() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let owner = Unchecked(Owner())
        let (_, socket) = try setting.byteStream(owner: owner.value)
        socket.abort()
        shutdownNow(socket)
        #expect(setting.eventually { owner.value.outcomes.count == 1 })
    }

    /// Lets the socket go: what the test holds is its last reference.
    private func shutdownNow(_ socket: BlockingSocket) {
        var address = sockaddr()
        address.sa_family = sa_family_t(AF_UNSPEC)
        _ = connect(socket.descriptor, &address, socklen_t(MemoryLayout<sockaddr>.size))
    }

    @Test("two joined streams relay: early bytes first, back-pressure and half-close kept")
    func relaying() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let (one, other) = (Unchecked(Owner()), Unchecked(Owner()))
        one.value.consumes = false
        let (down, client) = try setting.byteStream(owner: one.value)
        let (up, server) = try setting.byteStream(owner: other.value)
        let (heldDown, heldUp) = (Unchecked(down), Unchecked(up))
        #expect(client.send([9, 8, 7]))
        #expect(setting.eventually { one.value.received.count == 3 })
        try setting.sync {
            heldUp.value.send([1])
            heldDown.value.becomeRelay(with: heldUp.value, early: one.value.received)
        }
        #expect(server.receive(exactly: 4) == [1, 9, 8, 7])
        let size = 24 << 20
        let writer = Unchecked(client)
        let isSent = Box(false)
        LoopWriter.run {
            _ = writer.value.send([UInt8](repeating: 3, count: size))
            writer.value.finish()
            isSent.value = true
        }
        #expect(setting.eventually { heldUp.value.bytesSent > 1 << 20 })
        #expect(!isSent.value, "nobody reads, and yet all was taken")
        #expect(try setting.sync { setting.thread.loop.heldBytes } <= 256 * 1024)
        let received = try #require(server.receiveAll())
        #expect(received.count == size)
        #expect(server.send([5]))
        #expect(client.receive(exactly: 1) == [5])
        server.finish()
        #expect(client.receiveAll() == [])
        #expect(setting.eventually { one.value.outcomes == [.complete] && other.value.outcomes == [.complete] })
    }

    @Test("an end that is no orderly one ends both joined streams")
    func relayFailure() throws {
        let setting = try HTTPTestSetting()
        defer { setting.stop() }
        let (one, other) = (Unchecked(Owner()), Unchecked(Owner()))
        let (down, client) = try setting.byteStream(owner: one.value)
        let (up, server) = try setting.byteStream(owner: other.value)
        let (heldDown, heldUp) = (Unchecked(down), Unchecked(up))
        try setting.sync { heldDown.value.becomeRelay(with: heldUp.value) }
        self.shutdownNow(client)
        #expect(server.receive() == nil)
        #expect(setting.eventually { one.value.outcomes.count == 1 && other.value.outcomes.count == 1 })
    }
}
