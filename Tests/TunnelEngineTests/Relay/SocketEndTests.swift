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
}
