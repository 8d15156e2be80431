import BoringTLS

/// A client and a server session that pass their bytes to each other in memory.
final class LoopbackPair {
    let client: TLSSession
    let server: TLSSession
    /// How many bytes a hop carries at most; small numbers split records.
    var hopBytes: () -> Int = { .max }

    init(
        client: TLSContext,
        server: TLSContext,
        clientExpects: PeerExpectation = .oneOf([TestAuthority.serverURI]),
        serverExpects: PeerExpectation = .anyIdentity(trustDomain: "cluster.local"),
        clientOffers: TLSProtocols = .http2,
        serverTakes: TLSProtocols = .http2,
        buffers: TLSBufferPool = TLSBufferPool()
    ) throws {
        self.client = try TLSSession(
            context: client,
            role: .client,
            expectation: clientExpects,
            protocols: clientOffers,
            buffers: buffers
        )
        self.server = try TLSSession(
            context: server,
            role: .server,
            expectation: serverExpects,
            protocols: serverTakes,
            buffers: buffers
        )
    }

    /// A pair of one authority whose handshake is complete.
    static func connected() throws -> LoopbackPair {
        let authority = try TestAuthority()
        let pair = try LoopbackPair(
            client: try authority.context([TestAuthority.clientURI]),
            server: try authority.context([TestAuthority.serverURI])
        )
        pair.handshake()
        return pair
    }

    /// Moves some of one side's output to the other and runs `use` while the bytes are lent; false without output.
    @discardableResult
    func hop(from sender: TLSSession, to receiver: TLSSession, use: () -> Void) -> Bool {
        let count = min(sender.outputCount, max(hopBytes(), 1))
        guard count > 0 else { return false }
        // A copy, so that the receiver is known to depend on nothing but what it was lent.
        let bytes = [UInt8](sender.output.prefix(count))
        sender.consumeOutput(count)
        bytes.withUnsafeBytes { lent in
            receiver.provideCiphertext(lent)
            use()
            receiver.endCiphertext()
        }
        return true
    }

    /// Runs both handshakes until neither has anything to say; returns the last answers.
    @discardableResult
    func handshake() -> (client: TLSProgress, server: TLSProgress) {
        var clientProgress = client.handshake()
        var serverProgress = server.handshake()
        var hasMoved = true
        while hasMoved {
            let toServer = hop(from: client, to: server) { serverProgress = server.handshake() }
            let toClient = hop(from: server, to: client) { clientProgress = client.handshake() }
            hasMoved = toServer || toClient
        }
        return (clientProgress, serverProgress)
    }

    /// Moves all output of one side and reads all that comes out at the other.
    func transfer(from sender: TLSSession, to receiver: TLSSession) -> (bytes: [UInt8], last: TLSReadResult) {
        var received: [UInt8] = []
        var last = TLSReadResult.needsInput
        repeat {
            last = Self.readAll(receiver, into: &received)
        } while hop(from: sender, to: receiver) { last = Self.readAll(receiver, into: &received) }
        return (received, last)
    }

    static func readAll(_ session: TLSSession, into bytes: inout [UInt8]) -> TLSReadResult {
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let result = buffer.withUnsafeMutableBytes { session.read(into: $0) }
            guard case .bytes(let count) = result else { return result }
            bytes += buffer.prefix(count)
        }
    }
}

extension TLSSession {
    /// Writes a whole array.
    func write(_ bytes: [UInt8]) -> TLSWriteResult { bytes.withUnsafeBytes { write($0) } }
}
