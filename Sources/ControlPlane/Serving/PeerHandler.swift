import Foundation
import MeshModel
import NIOCore
import NIOSSL
import SwiftASN1
import X509

/// Stands behind TLS in each connection's pipeline: enforces the handshake's deadline, enters the peer's verified identity
/// before the first byte of HTTP/2 is seen, and asks old connections to leave.
final class PeerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let table: PeerTable
    private let trustDomains: Set<String>
    private let deadline: TimeAmount
    private let age: TimeAmount?
    private var retirement: Scheduled<Void>?
    private var timer: Scheduled<Void>?
    private var entry: (number: UInt64, key: PeerTable.Key)?

    /// - Parameters:
    ///   - trustDomains: whose identities are known.
    ///   - age: how old the connection may get; nil for any age.
    init(table: PeerTable, trustDomains: Set<String>, deadline: Duration, age: Duration?) {
        self.table = table
        self.trustDomains = trustDomains
        self.deadline = TimeAmount(deadline)
        self.age = age.map { TimeAmount($0) }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        self.timer = context.eventLoop.scheduleTask(in: self.deadline) { channel.close(promise: nil) }
        guard let age = self.age else { return }
        // The transport then says GOAWAY and cancels its calls, which end in order.
        self.retirement = context.eventLoop.scheduleTask(in: age) {
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // Decrypted bytes come only after the handshake, certificate check included.
        if self.entry == nil {
            self.timer?.cancel()
            self.timer = nil
            guard let key = Self.key(of: context.channel) else {
                context.close(promise: nil)
                return
            }
            let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate()
            let peer = certificate.flatMap { Self.peer($0, trustDomains: self.trustDomains) }
            let channel = context.channel
            self.entry = (self.table.enter(peer, at: key) { channel.close(promise: nil) }, key)
        }
        context.fireChannelRead(data)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.timer?.cancel()
        self.retirement?.cancel()
        if let entry { self.table.forget(entry.number, at: entry.key) }
        self.entry = nil
    }

    /// The two addresses in the words in which calls know them.
    private static func key(of channel: any Channel) -> PeerTable.Key? {
        guard let remote = channel.remoteAddress.flatMap(self.text), let local = channel.localAddress.flatMap(self.text)
        else { return nil }
        return PeerTable.Key(remote: remote, local: local)
    }

    private static func text(_ address: NIOCore.SocketAddress) -> String? {
        guard let port = address.port else { return nil }
        switch address {
        case .v4(let address): return "ipv4:\(address.host):\(port)"
        case .v6(let address): return "ipv6:[\(address.host)]:\(port)"
        case .unixDomainSocket: return nil
        }
    }

    /// The identity in a certificate that TLS has verified against our root: exactly one URI name, a SPIFFE id of a
    /// trust domain that we know.
    static func peer(_ certificate: NIOSSLCertificate, trustDomains: Set<String>) -> Peer? {
        guard let bytes = try? certificate.toDERBytes(), let parsed = try? Certificate(derEncoded: bytes),
            let names = try? parsed.extensions.subjectAlternativeNames
        else { return nil }
        let uris = names.compactMap { name -> String? in
            guard case .uniformResourceIdentifier(let uri) = name else { return nil }
            return uri
        }
        guard uris.count == 1, let uri = uris.first, let identity = try? SPIFFEID(parsing: uri),
            trustDomains.contains(identity.trustDomain)
        else { return nil }
        return Peer(identity: identity, expiry: parsed.notValidAfter, certificate: bytes)
    }
}
