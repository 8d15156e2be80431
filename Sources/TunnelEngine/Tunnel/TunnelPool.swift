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
    /// Links inside tunnels, which carry one connection each.
    private var inner: [ObjectIdentifier: Link] = [:]
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
    /// The completion is called once, possibly before this returns, unless the returned dial is cancelled.
    @discardableResult
    package func open(
        _ key: TunnelKey,
        context: TLSContext,
        headers: [HTTP2Header],
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
        let dial = TunnelDial(
            loop: self.loop,
            headers: headers,
            limits: self.limits,
            entry: entry,
            completion: completion
        )
        entry.wait(dial)
        return dial
    }

    /// Judges all peers anew and closes the links of those that are not accepted any more, within a few turns.
    /// - Parameter context: gives roots and revocations; nil takes for each link those that it was made with.
    package func judgePeers(with context: TLSContext?) {
        if let context { self.review = (context, self.loop.now) }
        let links = self.entries.values.flatMap(\.allLinks) + Array(self.inner.values)
        LinkReview.begin(links, with: context, on: self.loop)
    }

    /// Judges the link of an inner tunnel from now on; false when it is closed, as it isn't accepted any more.
    func adopt(_ link: Link) -> Bool {
        if let review = self.review, link.began <= review.came {
            link.judgePeer(with: review.context)
            guard link.state == .open else { return false }
        }
        self.inner[ObjectIdentifier(link)] = link
        return true
    }

    /// Forgets the link of an inner tunnel.
    func release(_ link: Link) { self.inner[ObjectIdentifier(link)] = nil }

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
    }
}
