import DataPlane
import DataPlaneTestSupport
import Foundation
import Glibc
import MeshModel
import Synchronization
import Testing
import TunnelEngine

@testable import ZTunnel

@Suite("Handing listening sockets over") struct HandOverTests {
    private static let place = ListenerBook.Place(
        workload: "task",
        address: SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 0)
    )

    /// A running ztunnel as far as a successor sees it.
    private final class Old: @unchecked Sendable {
        let path = FileManager.default.temporaryDirectory.appending(path: "r\(UInt32.random(in: 0...UInt32.max))").path
        let thread: TestLoop
        let book = ListenerBook(workers: 1)
        let replaced = Mutex(0)
        let notes = Mutex<[String]>([])
        var port: SuccessorPort?
        private var sockets: [ListeningSocket] = []

        init() throws {
            self.thread = try TestLoop()
            self.sockets = try self.book.open(HandOverTests.place, worker: 0)
            try self.thread.sync {
                let handlers = SuccessorPort.Handlers(
                    sockets: { self.book.copies() },
                    replaced: { self.replaced.withLock { $0 += 1 } },
                    note: { note in self.notes.withLock { $0.append(note) } }
                )
                self.port = try SuccessorPort(loop: self.thread.loop, path: self.path, handlers: handlers)
            }
        }

        deinit {
            for socket in self.sockets { Socket.close(socket.descriptor) }
            unlink(self.path)
        }
    }

    @Test("a successor gets all sockets, and ends the old one when it is ready")
    func takeover() throws {
        let old = try Old()
        let inheritance = try Inheritance(path: old.path)
        #expect(inheritance.sockets.map(\.place) == [Self.place])
        let socket = try #require(inheritance.sockets.first?.socket)
        #expect(Socket.isListening(socket.number))
        #expect(old.replaced.withLock { $0 } == 0)
        nonisolated(unsafe) var gone = 0
        nonisolated(unsafe) let predecessor = try old.thread.sync {
            try Predecessor(loop: old.thread.loop, connection: inheritance.connection) { gone += 1 }
        }
        try old.thread.sync { predecessor.ready() }
        #expect(eventually { old.replaced.withLock { $0 } == 1 })
        #expect(try old.thread.sync { gone } == 0)
    }

    @Test("a successor that leaves, or says nonsense, changes nothing")
    func failedSuccessor() throws {
        let old = try Old()
        for text in ["tulle-restart/1 ready", "tulle-restart/9 hello 1", "GET / HTTP/1.1"] {
            let visitor = try UnixSocket.connect(old.path, .packets)
            defer { Socket.close(visitor) }
            try UnixSocket.send(Array(text.utf8), to: visitor)
            var answer: RestartMessage?
            #expect(
                eventually {
                    answer = (try? UnixSocket.receive(visitor, capacity: 4_096)).flatMap { RestartMessage($0.bytes) }
                    return answer != nil
                }
            )
            guard case .refused = answer else {
                Issue.record("answered \(String(describing: answer)) to \(text)")
                continue
            }
        }
        _ = try Inheritance(path: old.path)
        #expect(try Inheritance(path: old.path).sockets.count == 1)
        #expect(old.replaced.withLock { $0 } == 0)
    }

    @Test("a successor is told when the old one ends by itself")
    func oldOneEnds() throws {
        let old = try Old()
        let inheritance = try Inheritance(path: old.path)
        let thread = try TestLoop()
        let gone = Mutex(0)
        nonisolated(unsafe) let predecessor = try thread.sync {
            try Predecessor(loop: thread.loop, connection: inheritance.connection) { gone.withLock { $0 += 1 } }
        }
        try old.thread.sync { old.port?.close() }
        #expect(eventually { gone.withLock { $0 } == 1 })
        withExtendedLifetime(predecessor) {}
    }

    @Test("one that is told to end hears when no successor prepares to take over, and nothing when one has")
    func toldToEnd() throws {
        let old = try Old()
        let vacant = Mutex(0)
        let tell = { try old.thread.sync { old.port?.whenVacant { vacant.withLock { $0 += 1 } } } }
        try tell()
        #expect(vacant.withLock { $0 } == 1)

        var leaving: Inheritance? = try Inheritance(path: old.path)
        try tell()
        #expect(vacant.withLock { $0 } == 1)
        withExtendedLifetime(leaving) {}
        leaving = nil
        #expect(eventually { vacant.withLock { $0 } == 2 })

        let inheritance = try Inheritance(path: old.path)
        nonisolated(unsafe) let predecessor = try old.thread.sync {
            try Predecessor(loop: old.thread.loop, connection: inheritance.connection) {}
        }
        try tell()
        try old.thread.sync { predecessor.ready() }
        #expect(eventually { old.replaced.withLock { $0 } == 1 })
        #expect(vacant.withLock { $0 } == 2)
    }

    @Test("who asks last is served")
    func lastOne() throws {
        let old = try Old()
        let first = try Inheritance(path: old.path)
        let second = try Inheritance(path: old.path)
        let thread = try TestLoop()
        let gone = Mutex(0)
        nonisolated(unsafe) let predecessors = try thread.sync {
            try [first, second].map { inheritance in
                try Predecessor(loop: thread.loop, connection: inheritance.connection) { gone.withLock { $0 += 1 } }
            }
        }
        #expect(eventually { gone.withLock { $0 } == 1 })
        try thread.sync { predecessors[1].ready() }
        #expect(eventually { old.replaced.withLock { $0 } == 1 })
    }

    @Test("without an old one, or with one that is silent, a start goes on")
    func nobody() throws {
        #expect(throws: Inheritance.Refusal.self) { try Inheritance(path: "/nonexistent/socket") }
        let path = FileManager.default.temporaryDirectory.appending(path: "s\(UInt32.random(in: 0...UInt32.max))").path
        let listener = try UnixSocket.listen(path, .packets)
        defer {
            Socket.close(listener)
            unlink(path)
        }
        do {
            _ = try Inheritance(path: path, milliseconds: 100)
            Issue.record("a silent ztunnel passed sockets on")
        } catch {
            guard case .timedOut = error else {
                Issue.record("\(error)")
                return
            }
        }
    }
}
