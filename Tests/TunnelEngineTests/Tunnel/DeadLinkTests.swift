import Foundation
import Testing

@testable import TunnelEngine

/// Links whose peer is gone without a word.
@Suite(.serialized)
struct DeadLinkTests {
    private let pair: TunnelPair
    private let proxy: StallingProxy
    private let listener: BlockingSocket

    init() throws {
        let (listener, port) = BlockingSocket.listen()
        self.listener = listener
        let echo = Unchecked(listener)
        Thread.detachNewThread {
            while let accepted = echo.value.accept() {
                let socket = Unchecked(accepted)
                Thread.detachNewThread {
                    while let bytes = socket.value.receive(), !bytes.isEmpty { _ = socket.value.send(bytes) }
                    socket.value.finish()
                }
            }
        }
        var limits = TunnelPoolLimits()
        limits.doubtMilliseconds = 200
        limits.probeMilliseconds = 300
        let made = Box<StallingProxy?>(nil)
        self.pair = try TunnelPair(
            appPort: port,
            limits: limits,
            through: { exit in
                let proxy = StallingProxy(to: exit)
                made.value = proxy
                return proxy.port
            }
        )
        self.proxy = try #require(made.value)
    }

    private func stop() {
        self.pair.stop()
        self.proxy.stop()
        shutdown(self.listener.descriptor, Int32(SHUT_RDWR))
    }

    /// Opens a connection and sends a byte through it.
    private func open() throws -> BlockingSocket {
        let client = try #require(BlockingSocket.connect(self.pair.boundEntrance))
        #expect(client.send([1]))
        #expect(client.receive(exactly: 1) == [1])
        return client
    }

    @Test("a silent link is left after a moment, and the tunnel opens on a fresh one", arguments: [false, true])
    func leavesADeadLink(_ resets: Bool) throws {
        defer { self.stop() }
        self.proxy.resets.value = resets
        var client: BlockingSocket? = try self.open()
        client?.finish()
        #expect(client?.receiveAll() == [])
        client = nil
        usleep(300_000)
        self.proxy.stall()
        let began = Date()
        _ = try self.open()
        #expect(Date().timeIntervalSince(began) < 5)
        #expect(self.pair.errors.value.isEmpty)
        #expect(self.proxy.count.value == 2)
        #expect(eventually { self.pair.poolLinks == 1 }, "the dead link goes when nobody is on it")
    }

    @Test("a link that was idle and whose peer answers goes on")
    func keepsALiveLink() throws {
        defer { self.stop() }
        let first = try self.open()
        usleep(300_000)
        let second = try self.open()
        usleep(400_000)
        #expect(first.send([2]))
        #expect(first.receive(exactly: 1) == [2])
        #expect(second.send([3]))
        #expect(second.receive(exactly: 1) == [3])
        #expect(self.proxy.count.value == 1)
    }

    @Test("streams on a link that is doubted may go on when it comes back")
    func doubtEndsNothing() throws {
        defer { self.stop() }
        let first = try self.open()
        usleep(300_000)
        self.proxy.stall()
        let second = try self.open()
        #expect(self.proxy.count.value == 2)
        self.proxy.firstServed.value = 0
        #expect(first.send([2]))
        #expect(first.receive(exactly: 1) == [2])
        #expect(second.send([3]))
        #expect(second.receive(exactly: 1) == [3])
    }

    @Test("a peer that is dead on a fresh link as well is given up")
    func triesOnlyOnce() throws {
        defer { self.stop() }
        self.pair.isSilent.value = true
        let client = try #require(BlockingSocket.connect(self.pair.boundEntrance))
        #expect(eventually { self.pair.unanswered.value.count == 1 })
        self.proxy.cut()
        #expect(eventually { self.pair.unanswered.value.count == 2 })
        self.proxy.cut()
        #expect(eventually { self.pair.errors.value.count == 1 })
        #expect(client.receive()?.isEmpty != false)
        #expect(self.proxy.count.value == 2)
        self.pair.unanswered.value = []
    }

    @Test("49: a later workload at the same address gets a link of its own")
    func anotherPeer() throws {
        defer { self.stop() }
        let first = try self.open()
        _ = try self.open()
        #expect(self.proxy.count.value == 1)
        try self.pair.replacePeer()
        _ = try self.open()
        #expect(self.proxy.count.value == 2)
        #expect(first.send([2]))
        #expect(first.receive(exactly: 1) == [2])
    }
}
