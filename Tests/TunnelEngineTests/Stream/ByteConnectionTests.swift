import Foundation
import MeshModel
import Testing

@testable import TunnelEngine

@Suite
struct ByteConnectionTests {
    private final class Delegate: ByteConnectionDelegate {
        let events = Box<[String]>([])
        func received(_ bytes: UnsafeRawBufferPointer, on connection: ByteConnection) {
            self.events.value.append("bytes \(bytes.count)")
        }
        func receivedEnd(on connection: ByteConnection) { self.events.value.append("end") }
        func closed(_ connection: ByteConnection, _ error: SocketError?) {
            self.events.value.append("closed \(error?.code ?? 0)")
        }
    }

    private func make(milliseconds: UInt64) throws -> (LoopThread, BlockingSocket, Delegate) {
        let thread = try LoopThread()
        let (inner, outer) = try #require(BlockingSocket.pair())
        let delegate = Delegate()
        let boxed = Unchecked((delegate, inner.duplicate()))
        try thread.sync {
            _ = try ByteConnection(
                loop: thread.loop,
                descriptor: boxed.value.1,
                peer: SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 1),
                milliseconds: milliseconds,
                delegate: boxed.value.0
            )
        }
        return (thread, outer, delegate)
    }

    @Test func aResetAfterTheEndClosesIt() throws {
        let (inner, outer) = try #require(BlockingSocket.pair())
        let thread = try LoopThread()
        defer { thread.stop() }
        let delegate = Delegate()
        let boxed = Unchecked((delegate, inner.duplicate()))
        try thread.sync {
            _ = try ByteConnection(
                loop: thread.loop,
                descriptor: boxed.value.1,
                peer: SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 1),
                milliseconds: 0,
                delegate: boxed.value.0
            )
        }
        #expect(outer.send([1, 2]))
        outer.finish()
        #expect(eventually { delegate.events.value == ["bytes 2", "end"] })
        // Closing a socket with unread bytes resets the connection.
        _ = inner.send([9])
        usleep(20_000)
        // The descriptor itself stays taken, so that nobody else is handed its number.
        #expect(dup2(open("/dev/null", O_RDONLY), outer.descriptor) == outer.descriptor)
        #expect(eventually { delegate.events.value.last?.hasPrefix("closed") == true })
    }

    @Test func theDeadlineClosesIt() throws {
        let (thread, outer, delegate) = try self.make(milliseconds: 100)
        defer { thread.stop() }
        #expect(outer.receive()?.isEmpty != false)
        #expect(eventually { delegate.events.value == ["closed \(ETIMEDOUT)"] })
    }

    @Test func theLoopsEndClosesIt() throws {
        let (thread, outer, delegate) = try self.make(milliseconds: 0)
        thread.stop()
        #expect(delegate.events.value == ["closed 0"])
        #expect(outer.send([1]))
    }
}
