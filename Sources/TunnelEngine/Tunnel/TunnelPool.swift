package import BoringTLS
package import MeshModel

/// What tells one pooled link from another.
package struct TunnelKey: Hashable, Sendable {
    /// Our identity on the link, as a SPIFFE URI.
    package var source: String
    /// Grows with every new certificate or trust bundle, so that new tunnels use links made with them.
    package var generation: UInt64
    /// The identities the peer may have.
    package var expected: [String]
    /// Where to connect.
    package var address: SocketAddress
    /// The local address to connect from; nil lets the kernel choose.
    package var from: IPAddress?
    /// Who is at the address, by a name that is never used again: so a link to one that left is not taken for a later
    /// one at its address.
    package var peer: String

    package init(
        source: String,
        generation: UInt64,
        expected: [String],
        address: SocketAddress,
        from: IPAddress?,
        peer: String = ""
    ) {
        self.source = source
        self.generation = generation
        self.expected = expected
        self.address = address
        self.from = from
        self.peer = peer
    }
}

/// Bounds of a pool.
package struct TunnelPoolLimits: Sendable, Hashable {
    /// Streams on one link, or fewer where the peer says so.
    package var streamsPerLink = 100
    /// Connections that may wait for one peer's link.
    package var waitingPerPeer = 4096
    /// How long a link without streams is kept.
    package var idleMilliseconds: UInt64 = 300_000
    /// How long the peer's answer to CONNECT may take; it connects to its application meanwhile (10 s).
    package var responseMilliseconds: UInt64 = 15_000
    /// Silence of a link after which its peer must give a sign of life before a new tunnel on it is waited for.
    package var doubtMilliseconds: UInt64 = 5_000
    /// How long that sign may take; then the tunnel is tried on a fresh link.
    package var probeMilliseconds: UInt64 = 2_000
    /// The links' own limits.
    package var link = LinkLimits()

    package init() {}
}

/// The links of one loop to other tunnel ends, shared by connections to the same peer.
///
/// There is one dial per key at a time: connections that arrive meanwhile wait for it and share the link.
package final class TunnelPool {
    let loop: EventLoop
    package let limits: TunnelPoolLimits
    let scope: SocketScope
    private var entries: [TunnelKey: TunnelPoolEntry] = [:]
    private var inner: [ObjectIdentifier: InnerTunnel] = [:]
    private var isClosed = false
    /// What links must stand up to that were begun before it came, and when that was, in the loop's milliseconds.
    private(set) var review: (context: TLSContext, came: UInt64)?

    /// - Parameter scope: where the links' sockets are made.
    package init(
        loop: EventLoop,
        limits: TunnelPoolLimits = TunnelPoolLimits(),
        scope: SocketScope = .process
    ) {
        self.loop = loop
        self.scope = scope
        self.limits = limits
    }

    /// Links that exist now.
    package var linkCount: Int { self.entries.values.reduce(0) { $0 + $1.linkCount } }

    /// Opens a tunnel with a CONNECT request of these headers.
    ///
    /// - Parameters:
    ///   - headers: called when the request is sent, and again where that is done once more; possibly never.
    ///   - completion: called once, possibly before this returns, unless the returned dial is cancelled.
    @discardableResult
    package func open(
        _ key: TunnelKey,
        context: TLSContext,
        headers: @escaping () -> [HTTP2Header],
        completion: @escaping (Result<StreamEnd, TunnelError>) -> Void
    ) -> TunnelDial? {
        guard !self.isClosed else {
            completion(.failure(.closed))
            return nil
        }
        let entry: TunnelPoolEntry
        if let known = self.entries[key] {
            entry = known
        } else {
            entry = TunnelPoolEntry(pool: self, key: key, context: context)
            self.entries[key] = entry
        }
        let dial = TunnelDial(pool: self, headers: headers, entry: entry, completion: completion)
        entry.wait(dial)
        return dial
    }

    /// Opens a tunnel through an open one, which it takes over, also when it throws. It is nobody else's and shared with
    /// nobody.
    ///
    /// - Parameters:
    ///   - peer: the address that the outer tunnel's connection goes to, for messages.
    ///   - identities: whom the inner peer may prove to be, as SPIFFE URIs.
    ///   - headers: those of the inner CONNECT request.
    ///   - completion: called once unless the tunnel is cancelled, never before this returns.
    package func open(
        through outer: StreamEnd,
        peer: SocketAddress,
        context: TLSContext,
        expecting identities: [String],
        headers: [HTTP2Header],
        completion: @escaping (Result<StreamEnd, TunnelError>) -> Void
    ) throws(TunnelError) -> InnerTunnel {
        guard !self.isClosed else {
            outer.close(isAbortive: true)
            throw .closed
        }
        let tunnel = try InnerTunnel(
            pool: self,
            through: outer,
            peer: peer,
            context: context,
            expecting: identities,
            headers: headers,
            completion: completion
        )
        self.inner[ObjectIdentifier(tunnel)] = tunnel
        return tunnel
    }

    /// Judges the peer of an inner tunnel by what came while it was set up; false when that closed the link.
    func accepts(_ link: Link) -> Bool {
        if let review = self.review, link.began <= review.came { link.judgePeer(with: review.context) }
        return link.state == .open
    }

    func forget(_ tunnel: InnerTunnel) { self.inner[ObjectIdentifier(tunnel)] = nil }

    /// Judges all peers anew and closes the links of those that are not accepted any more, within a few turns.
    /// - Parameter context: gives roots and revocations; nil takes for each link those that it was made with.
    package func judgePeers(with context: TLSContext?) {
        if let context { self.review = (context, self.loop.now) }
        let links = self.entries.values.flatMap(\.allLinks) + self.inner.values.compactMap(\.link)
        LinkReview.begin(links, with: context, on: self.loop)
    }

    /// Opens no more tunnels on the links that are there until their peers are heard of: after this process stood still,
    /// nobody knows which of them still live. Tunnels that they carry may go on.
    package func distrustAll() {
        for entry in Array(self.entries.values) { entry.distrustAll() }
    }

    func remove(_ entry: TunnelPoolEntry) {
        if self.entries[entry.key] === entry { self.entries[entry.key] = nil }
    }

    /// Takes no more tunnels; links close when their last stream ends.
    package func drain() {
        self.isClosed = true
        for entry in self.entries.values { entry.drain() }
    }

    /// Closes every link at once.
    package func close() {
        self.isClosed = true
        for entry in self.entries.values { entry.closeAll() }
        for tunnel in self.inner.values { tunnel.link?.close(.closedLocally) }
    }
}
