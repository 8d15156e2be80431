import BoringTLS
import Foundation
import MeshModel
import Testing

@testable import TunnelEngine

/// gRPC calls on real links, against a server written on the same HTTP/2 core.
@Suite(.serialized)
struct GRPCCallTests {
    /// Answers the first message of each call with `reply`.
    private final class Server: ListenerDelegate, LinkOwner {
        let thread: LoopThread
        let context: TLSContext
        let reply: (Link, HTTP2Stream, [UInt8]) -> Void
        var listener: Listener?
        var links: [Link] = []

        init(_ identities: TestIdentities, reply: @escaping (Link, HTTP2Stream, [UInt8]) -> Void) throws {
            self.thread = try LoopThread(index: 1)
            self.context = try identities.context("spiffe://test/ns/a/sa/server")
            self.reply = reply
        }

        func listen() throws -> SocketAddress {
            let me = Unchecked(self)
            return try self.thread.sync {
                let address = SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 0)
                let listener = try Listener(loop: me.value.thread.loop, address: address, delegate: me.value)
                me.value.listener = listener
                return listener.address
            }
        }

        func accepted(_ descriptor: Int32, peer: SocketAddress, on listener: Listener) {
            let link = try? Link.serve(
                loop: self.thread.loop,
                descriptor: descriptor,
                peer: peer,
                context: self.context,
                expecting: .anyIdentity(trustDomain: "test"),
                limits: LinkLimits(),
                owner: self
            )
            if let link { self.links.append(link) }
        }

        func linkOpened(_ link: Link) {}
        func linkCapacityChanged(_ link: Link) {}
        func linkClosed(_ link: Link, _ error: LinkError) {}
        func link(_ link: Link, opened stream: HTTP2Stream, headers: [HTTP2Header], endStream: Bool) {
            stream.owner = Reading(link: link, server: self)
        }

        private final class Reading: HTTP2StreamOwner {
            let link: Link
            let server: Server
            var reader = GRPCMessageReader(limit: 64 << 20)
            init(link: Link, server: Server) {
                self.link = link
                self.server = server
            }
            func streamHeaders(_ stream: HTTP2Stream, _ headers: [HTTP2Header], endStream: Bool) {}
            func streamData(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer, endStream: Bool) {
                self.reader.receive(bytes)
                self.link.consumed(stream, bytes.count)
                while let message = try? self.reader.next() { self.server.reply(self.link, stream, message) }
            }
            func streamWindowOpened(_ stream: HTTP2Stream) {}
            func streamReset(_ stream: HTTP2Stream, code: HTTP2ErrorCode, byPeer: Bool) {}
        }
    }

    /// One call and what it heard.
    private final class Client: LinkOwner, GRPCCallOwner {
        let thread: LoopThread
        let messages = Box<[[UInt8]]>([])
        let statuses = Box<[GRPCStatus]>([])
        private let request: [UInt8]
        private let limits: GRPCCall.Limits
        private var link: Link?
        private var call: GRPCCall?
        private let cancelsAtFirst: Bool

        init(_ request: [UInt8], _ limits: GRPCCall.Limits, cancelsAtFirst: Bool = false) throws {
            self.cancelsAtFirst = cancelsAtFirst
            self.thread = try LoopThread(index: 0)
            self.request = request
            self.limits = limits
        }

        func start(_ address: SocketAddress, _ context: TLSContext) throws {
            let me = Unchecked(self)
            try self.thread.sync {
                me.value.link = try Link.dial(
                    loop: me.value.thread.loop,
                    address: address,
                    context: context,
                    expecting: .oneOf(["spiffe://test/ns/a/sa/server"]),
                    limits: LinkLimits(),
                    owner: me.value
                )
            }
        }

        func linkOpened(_ link: Link) {
            let head = GRPCRequestHead(path: "/test.Echo/Echo", authority: "test:1")
            self.call = GRPCCall.begin(head, on: link, limits: self.limits, owner: self)
            self.call?.send(self.request)
            self.call?.finishSending()
        }
        func link(_ link: Link, opened stream: HTTP2Stream, headers: [HTTP2Header], endStream: Bool) {}
        func linkCapacityChanged(_ link: Link) {}
        func linkClosed(_ link: Link, _ error: LinkError) {}
        func received(_ message: [UInt8], on call: GRPCCall) {
            self.messages.value.append(message)
            if self.cancelsAtFirst { call.cancel() }
        }
        func ended(_ status: GRPCStatus, on call: GRPCCall) { self.statuses.value.append(status) }
    }

    private static func trailers(_ code: String) -> [HTTP2Header] { [HTTP2Header("grpc-status", code)] }
    private static let head = [HTTP2Header(":status", "200"), HTTP2Header("content-type", "application/grpc")]

    private func play(
        _ request: [UInt8],
        limits: GRPCCall.Limits = GRPCCall.Limits(),
        reply: @escaping (Link, HTTP2Stream, [UInt8]) -> Void
    ) throws -> (messages: [[UInt8]], statuses: [GRPCStatus]) {
        let identities = try TestIdentities()
        let server = try Server(identities, reply: reply)
        let client = try Client(request, limits)
        try client.start(try server.listen(), try identities.context("spiffe://test/ns/a/sa/client"))
        #expect(eventually { !client.statuses.value.isEmpty })
        client.thread.stop()
        server.thread.stop()
        return (client.messages.value, client.statuses.value)
    }

    @Test func carriesAMessageEachWay() throws {
        let heard = try self.play([1, 2, 3]) { link, stream, message in
            link.sendHeaders(stream, Self.head, endStream: false)
            Array(GRPCMessageReader.frame(message.reversed()) ?? []).withUnsafeBytes { link.sendData(stream, $0) }
            link.sendHeaders(stream, Self.trailers("0"), endStream: true)
        }
        #expect(heard.messages == [[3, 2, 1]])
        #expect(heard.statuses == [GRPCStatus(.ok)])
    }

    @Test func waitsForWindowsWithALargeMessage() throws {
        let request = [UInt8](repeating: 7, count: 24 << 20)
        let heard = try self.play(request) { link, stream, message in
            link.sendHeaders(stream, Self.head, endStream: false)
            let count = withUnsafeBytes(of: UInt64(message.count).bigEndian) { Array($0) }
            Array(GRPCMessageReader.frame(count) ?? []).withUnsafeBytes { link.sendData(stream, $0) }
            link.sendHeaders(stream, Self.trailers("0"), endStream: true)
        }
        #expect(heard.messages == [withUnsafeBytes(of: UInt64(request.count).bigEndian) { Array($0) }])
    }

    @Test func mayBeCancelledWithinAMessage() throws {
        let identities = try TestIdentities()
        let server = try Server(identities) { link, stream, _ in
            link.sendHeaders(stream, Self.head, endStream: false)
            let both = (GRPCMessageReader.frame([1]) ?? []) + (GRPCMessageReader.frame([2]) ?? [])
            both.withUnsafeBytes { link.sendData(stream, $0) }
        }
        // More than the windows take, so that some of it waits when the call ends.
        let client = try Client([UInt8](repeating: 7, count: 1 << 20), GRPCCall.Limits(), cancelsAtFirst: true)
        try client.start(try server.listen(), try identities.context("spiffe://test/ns/a/sa/client"))
        #expect(eventually { !client.messages.value.isEmpty })
        client.thread.stop()
        server.thread.stop()
        #expect(client.messages.value == [[1]], "nothing is heard of a call that was given up")
        #expect(client.statuses.value.isEmpty)
    }

    @Test func endsWithTheServersStatus() throws {
        let heard = try self.play([1]) { link, stream, _ in
            link.sendHeaders(
                stream,
                [HTTP2Header(":status", "200")] + Self.trailers("7") + [HTTP2Header("grpc-message", "no%20way")],
                endStream: true
            )
        }
        #expect(heard.messages.isEmpty)
        #expect(heard.statuses == [GRPCStatus(.permissionDenied, "no way")])
    }

    @Test func givesUpWhenTheAnswerIsLate() throws {
        var limits = GRPCCall.Limits()
        limits.milliseconds = 100
        let heard = try self.play([1], limits: limits) { _, _, _ in }
        #expect(heard.statuses.map(\.code) == [.deadlineExceeded])
    }

    @Test func givesUpOnAMessageOverTheLimit() throws {
        var limits = GRPCCall.Limits()
        limits.messageBytes = 16
        let heard = try self.play([1], limits: limits) { link, stream, _ in
            link.sendHeaders(stream, Self.head, endStream: false)
            ([0, 0, 0, 0, 17] as [UInt8]).withUnsafeBytes { link.sendData(stream, $0) }
        }
        #expect(heard.statuses.map(\.code) == [.resourceExhausted])
    }

    @Test func endsWhenTheConnectionBreaks() throws {
        let heard = try self.play([1]) { link, _, _ in link.close(.closedLocally) }
        #expect(heard.statuses.map(\.code) == [.unavailable])
    }

    @Test func boundsWhatWaitsForTheServer() throws {
        var limits = GRPCCall.Limits()
        limits.pendingBytes = 1_000
        let heard = try self.play([UInt8](repeating: 0, count: 1_000), limits: limits) { _, _, _ in }
        #expect(heard.statuses.map(\.code) == [.resourceExhausted])
    }
}
