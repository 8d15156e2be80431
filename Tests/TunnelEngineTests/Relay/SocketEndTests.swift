import Foundation
import Testing

@testable import TunnelEngine

/// Relays between two sockets when one of them fails at a bad moment.
@Suite
struct SocketEndTests {
    private final class Observer: RelayObserver {
        let outcomes = Box<[RelayOutcome]>([])
        func relayEnded(_ relay: Relay, outcome: RelayOutcome) { self.outcomes.value.append(outcome) }
    }

    /// `app` ⇄ relay ⇄ `server`, both outer ends in the test's hands.
    private struct Setting {
        let thread: LoopThread
        let app: BlockingSocket
        let observer = Observer()
        var server: BlockingSocket?
        var relay: Relay
        let down: SocketEnd
        let up: SocketEnd

        init() throws {
            let thread = try LoopThread()
            let (app, inner) = try #require(BlockingSocket.pair())
            let (outer, server) = try #require(BlockingSocket.pair())
            let descriptors = (inner.duplicate(), outer.duplicate())
            let observer = Unchecked(self.observer)
            let made = try thread.sync {
                let relay = Relay(loop: thread.loop, observer: observer.value)
                let down = SocketEnd(loop: thread.loop, relay: relay, isDownstream: true)
                let up = SocketEnd(loop: thread.loop, relay: relay, isDownstream: false)
                try down.adopt(descriptors.0)
                try up.adopt(descriptors.1)
                relay.connect(downstream: down, upstream: up)
                down.start(with: up, early: [])
                up.start(with: down, early: [])
                return (relay, down, up)
            }
            self.thread = thread
            self.app = app
            self.server = server
            (self.relay, self.down, self.up) = made
        }
    }

    /// Fills every buffer towards the server until the relay itself holds bytes.
    private func fill(_ app: BlockingSocket) {
        _ = fcntl(app.descriptor, F_SETFL, fcntl(app.descriptor, F_GETFL, 0) | O_NONBLOCK)
        let block = [UInt8](repeating: 7, count: 65536)
        var idle = 0
        while idle < 20 {
            if send(app.descriptor, block, block.count, Int32(MSG_NOSIGNAL)) > 0 {
                idle = 0
            } else {
                idle += 1
                usleep(5000)
            }
        }
    }

    @Test func aResetBetweenTheKernelsReportAndTheSendEndsTheRelay() throws {
        var setting = try Setting()
        defer { setting.thread.stop() }
        self.fill(setting.app)
        setting.server?.abort()
        let server = Box(setting.server)
        setting.server = nil
        let up = Unchecked(setting.up)
        try setting.thread.sync {
            server.value = nil  // the reset arrives while this turn runs
            up.value.ready(.writable)
        }
        let outcomes = setting.observer.outcomes
        #expect(eventually { outcomes.value.count == 1 })
    }

    @Test func bytesBeforeAResetAreDelivered() throws {
        var setting = try Setting()
        defer { setting.thread.stop() }
        let sent = [UInt8](repeating: 42, count: 50_000)
        let server = Box(setting.server)
        setting.server = nil
        try setting.thread.sync {
            #expect(server.value?.send(sent) == true)
            server.value?.abort()
            server.value = nil
        }
        let isWhole = setting.app.receive(exactly: sent.count) == sent
        #expect(isWhole)
        #expect(setting.app.receive() == nil)
        let outcomes = setting.observer.outcomes
        #expect(eventually { outcomes.value.count == 1 })
    }

    @Test func urgentBytesDoNotStallTheRest() throws {
        let setting = try Setting()
        defer { setting.thread.stop() }
        let server = try #require(setting.server)
        let app = setting.app
        try setting.thread.sync {
            _ = app.send([1, 2, 3])
            send(app.descriptor, [9] as [UInt8], 1, 0x1)
            _ = app.send([4, 5, 6])
        }
        let received = server.receive(exactly: 6)
        #expect(received == [1, 2, 3, 4, 5, 6])
    }

    /// Writes `bytes` into the loop's plaintext, cut in `pieces`, and gives them to the server's end, as a link does.
    private func give(_ bytes: [UInt8], in pieces: Int, to setting: Setting) throws {
        let (loop, up) = (Unchecked(setting.thread.loop), Unchecked(setting.up))
        try setting.thread.sync {
            let plaintext = loop.value.scratch.plaintext
            plaintext.copyBytes(from: bytes)
            loop.value.gathered.open()
            for piece in 0..<pieces {
                let range = piece * bytes.count / pieces..<(piece + 1) * bytes.count / pieces
                up.value.take(UnsafeRawBufferPointer(rebasing: plaintext[range]))
            }
            loop.value.gathered.close()
            // The next batch is written over it.
            plaintext.initializeMemory(as: UInt8.self, repeating: 0)
        }
    }

    @Test("pieces of a batch arrive whole and in order, however much of them the kernel takes", arguments: [1, 8, 100])
    func gatheredPiecesArrive(pieces: Int) throws {
        let setting = try Setting()
        defer { setting.thread.stop() }
        let server = try #require(setting.server)
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        // Nobody reads meanwhile: from some batch on the kernel takes a part of it, and then nothing.
        let batches = 60
        for _ in 0..<batches { try self.give(bytes, in: pieces, to: setting) }
        let loop = Unchecked(setting.thread.loop)
        #expect(try setting.thread.sync { loop.value.heldBytes } > 0)
        for _ in 0..<batches {
            let isSame = server.receive(exactly: bytes.count) == bytes
            #expect(isSame)
        }
        let relay = Unchecked(setting.relay)
        #expect(try setting.thread.sync { loop.value.heldBytes } == 0)
        #expect(try setting.thread.sync { relay.value.isEnded } == false)
    }

    @Test("what was gathered goes out before the end that follows it")
    func anEndComesAfterWhatWasGathered() throws {
        let setting = try Setting()
        defer { setting.thread.stop() }
        let server = try #require(setting.server)
        let (loop, up) = (Unchecked(setting.thread.loop), Unchecked(setting.up))
        try setting.thread.sync {
            let plaintext = loop.value.scratch.plaintext
            plaintext.copyBytes(from: [1, 2, 3, 4])
            loop.value.gathered.open()
            up.value.take(UnsafeRawBufferPointer(rebasing: plaintext[0..<2]))
            up.value.take(UnsafeRawBufferPointer(rebasing: plaintext[2..<4]))
            up.value.takeEnd()
            loop.value.gathered.close()
        }
        #expect(server.receive(exactly: 4) == [1, 2, 3, 4])
        #expect(server.receive() == [])
    }
}
