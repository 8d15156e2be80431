import BoringTLS
import Foundation
import MeshModel
import Testing

@testable import TunnelEngine

/// Every wait for a peer ends: at each stage it accepts and then says nothing.
@Suite
struct LinkDeadlineTests {
    private final class Owner: LinkOwner {
        let errors = Box<[String]>([])
        func linkOpened(_ link: Link) {}
        func link(_ link: Link, opened stream: HTTP2Stream, headers: [HTTP2Header], endStream: Bool) {}
        func linkCapacityChanged(_ link: Link) {}
        func linkClosed(_ link: Link, _ error: LinkError) { self.errors.value.append("\(error)") }
    }

    private static var limits: LinkLimits {
        var limits = LinkLimits()
        limits.connectMilliseconds = 200
        limits.handshakeMilliseconds = 300
        return limits
    }

    private func dialEnds(_ port: UInt16, _ context: TLSContext, saying text: String) throws {
        let thread = try LoopThread()
        defer { thread.stop() }
        let owner = Owner()
        let made = Unchecked((owner, context))
        try thread.sync {
            _ = try Link.dial(
                loop: thread.loop,
                address: SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: port),
                context: made.value.1,
                expecting: .anyIdentity(trustDomain: "test"),
                limits: Self.limits,
                owner: made.value.0
            )
        }
        #expect(eventually(seconds: 5) { owner.errors.value == [text] }, "\(owner.errors.value)")
        #expect(try thread.sync { thread.loop.sourceCount } == 0)
    }

    @Test func aConnectThatNobodyAnswersEnds() throws {
        let context = try TestIdentities().context(TunnelPair.client)
        let (listener, port) = BlockingSocket.listen(backlog: 0)
        // A full backlog drops every further SYN.
        let descriptors = (0..<4).map { _ in socket(AF_INET, Int32(SOCK_STREAM.rawValue) | 0o4000, 0) }
        for descriptor in descriptors {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            _ = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        defer { for descriptor in descriptors { close(descriptor) } }
        try self.dialEnds(port, context, saying: "connect timed out")
        withExtendedLifetime(listener) {}
    }

    @Test func aServerWithoutTLSEnds() throws {
        let (listener, port) = BlockingSocket.listen()
        try self.dialEnds(port, TestIdentities().context(TunnelPair.client), saying: "TLS handshake timed out")
        withExtendedLifetime(listener) {}
    }

    @Test func aServerWithoutSettingsEnds() throws {
        let identities = try TestIdentities()
        let server = try Unchecked(identities.context(TunnelPair.server))
        let (listener, port) = BlockingSocket.listen()
        let box = Unchecked(listener)
        Thread.detachNewThread {
            guard let socket = box.value.accept() else { return }
            try? SilentTLSPeer.run(socket, .server, server.value)
        }
        try self.dialEnds(port, identities.context(TunnelPair.client), saying: "TLS handshake timed out")
    }

    @Test(arguments: [false, true])
    func aClientThatSaysNothingEnds(speaksTLS: Bool) throws {
        let pair = try TunnelPair(appPort: 1, limits: Self.poolLimits)
        defer { pair.stop() }
        let socket = try #require(BlockingSocket.connect(pair.exitPort))
        if speaksTLS {
            try SilentTLSPeer.run(socket, .client, pair.clientTLS)
        } else {
            #expect(socket.receive()?.isEmpty != false)
        }
        #expect(eventually { pair.linkErrors.value.map(\.description) == ["TLS handshake timed out"] })
        #expect(pair.exitConnections == 0)
    }

    private static var poolLimits: TunnelPoolLimits {
        var limits = TunnelPoolLimits()
        limits.link = Self.limits
        limits.responseMilliseconds = 300
        return limits
    }

    @Test func aConnectRequestWithoutAnswerEnds() throws {
        let pair = try TunnelPair(appPort: 1, limits: Self.poolLimits)
        defer { pair.stop() }
        pair.isSilent.value = true
        let client = try #require(BlockingSocket.connect(pair.boundEntrance))
        #expect(client.receive()?.isEmpty != false)
        #expect(pair.errors.value.map(\.description) == ["no CONNECT response in time"])
        #expect(eventually { pair.unanswered.value.first?.isReset == true })
    }

    @Test func aFrozenPeerIsFoundByPing() throws {
        let (listener, port) = BlockingSocket.listen()
        var limits = TunnelPoolLimits()
        limits.link.pingAfterMilliseconds = 100
        limits.link.pongMilliseconds = 200
        let pair = try TunnelPair(appPort: port, limits: limits)
        defer { pair.stop() }
        let client = try #require(BlockingSocket.connect(pair.boundEntrance))
        #expect(client.send([1]))
        let server = try #require(listener.accept())
        #expect(server.receive(exactly: 1) == [1])
        usleep(500_000)
        #expect(pair.poolLinks == 1, "an idle but living link stays")
        let frozen = DispatchSemaphore(value: 0)
        pair.exitLoop.loop.submit { frozen.wait() }
        #expect(eventually(seconds: 5) { pair.poolLinks == 0 })
        #expect(client.receive() == nil)
        #expect(pair.outcomes.value == [.upstreamFailed("tunnel ended: no answer to keep-alive")])
        frozen.signal()
    }
}
