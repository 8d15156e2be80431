import DataPlane
import Foundation
import Glibc
import MeshModel
import Testing
import TunnelEngine
import ZTunnel

@Suite("Listening sockets that outlive a process") struct ListenerBookTests {
    private static let anyPort = SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 0)
    private static let place = ListenerBook.Place(workload: "task", address: anyPort)

    private static func inode(_ descriptor: Int32) -> UInt {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? status.st_ino : 0
    }

    @Test("what is open is copied, and only as long as it is open")
    func copies() throws {
        let book = ListenerBook(workers: 1)
        let sockets = try book.open(Self.place, worker: 0)
        let copies = book.copies()
        #expect(copies.map(\.place) == [Self.place])
        #expect(copies.map { Self.inode($0.socket.number) } == sockets.map { Self.inode($0.descriptor) })
        for socket in sockets { Socket.close(socket.descriptor) }
    }

    @Test("a socket leaves the book before it is closed")
    func lease() throws {
        let book = ListenerBook(workers: 1)
        do {
            let sockets = try book.open(Self.place, worker: 0)
            for socket in sockets { Socket.close(socket.descriptor) }
        }
        #expect(book.copies().isEmpty)
    }

    @Test("inherited sockets are shared out among the workers, each once", arguments: [1, 2, 3, 5])
    func shares(_ workers: Int) throws {
        let before = ListenerBook(workers: 3)
        var opened: [ListeningSocket] = []
        for worker in 0..<3 { opened += try before.open(Self.place, worker: worker) }
        defer { for socket in opened { Socket.close(socket.descriptor) } }
        let old = Set(opened.map { Self.inode($0.descriptor) })
        #expect(old.count == 3)

        let book = ListenerBook(workers: workers, inherited: before.copies())
        #expect(book.inheritedWorkloads == ["task"])
        let shares = try (0..<workers).map { try book.open(Self.place, worker: $0) }
        defer { for socket in shares.joined() { Socket.close(socket.descriptor) } }
        let taken = shares.joined().map { Self.inode($0.descriptor) }
        #expect(old.isSubset(of: taken))
        #expect(Set(taken).count == taken.count)
        #expect(taken.count == max(3, workers))
        #expect(shares.allSatisfy { !$0.isEmpty })
        #expect(book.inheritedWorkloads.isEmpty)
    }

    @Test("another place gets a new socket, and what nobody takes can be dropped")
    func others() throws {
        let before = ListenerBook(workers: 1)
        let opened = try before.open(Self.place, worker: 0)
        defer { for socket in opened { Socket.close(socket.descriptor) } }
        let book = ListenerBook(workers: 1, inherited: before.copies())
        let other = ListenerBook.Place(workload: "other", address: Self.anyPort)
        let sockets = try book.open(other, worker: 0)
        defer { for socket in sockets { Socket.close(socket.descriptor) } }
        #expect(sockets.map { Self.inode($0.descriptor) } != opened.map { Self.inode($0.descriptor) })
        #expect(book.inheritedWorkloads == ["task"])
        book.dropInherited()
        #expect(book.inheritedWorkloads.isEmpty)
    }
}
