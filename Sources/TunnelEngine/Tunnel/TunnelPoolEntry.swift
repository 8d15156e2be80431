import BoringTLS
import MeshModel

/// The links and the waiting connections of one key.
package final class TunnelPoolEntry: EventSource, LinkOwner {
    let key: TunnelKey
    private let pool: TunnelPool
    private let context: TLSContext
    private var links: [Link] = []
    private var dialing: Link?
    private var waiting: [TunnelDial] = []
    /// Links whose peer gave no sign of life when asked, and since when.
    private var distrusted: [ObjectIdentifier: UInt64] = [:]
    private var isDraining = false
    private lazy var idleTimer = LoopTimer(target: self)

    init(pool: TunnelPool, key: TunnelKey, context: TLSContext) {
        self.pool = pool
        self.key = key
        self.context = context
        super.init(loop: pool.loop)
    }

    /// All links, also the one that is being made.
    var allLinks: [Link] { self.links + [self.dialing].compactMap { $0 } }

    var linkCount: Int { self.links.count + (self.dialing == nil ? 0 : 1) }

    /// Gives the dial a stream now, or keeps it until a link is there.
    func wait(_ dial: TunnelDial) {
        guard !self.isDraining else { return dial.fail(.closed) }
        if self.waiting.isEmpty, let link = self.freeLink { return self.begin(dial, on: link) }
        guard self.waiting.count < self.pool.limits.waitingPerPeer else {
            dial.fail(.overloaded)
            return self.removeIfUnused()
        }
        self.waiting.append(dial)
        self.dialIfNeeded()
    }

    /// Forgets a dial that nobody wants any more, so that it takes no place from others.
    func abandon(_ dial: TunnelDial) { self.waiting.removeAll { $0 === dial } }

    private var freeLink: Link? {
        self.links.first { link in
            guard link.canOpenStream, link.activeStreams < self.pool.limits.streamsPerLink else { return false }
            guard let since = self.distrusted[ObjectIdentifier(link)] else { return true }
            return link.hasReceived(since: since)
        }
    }

    /// Opens no more tunnels on a link until its peer is heard of again; those it carries may go on, as long as the
    /// link's own keep-alive allows.
    func distrust(_ link: Link) {
        guard self.links.contains(where: { $0 === link }) else { return }
        self.distrusted[ObjectIdentifier(link)] = self.loop.now
    }

    /// Distrusts all links; those that carry nothing close.
    func distrustAll() {
        for link in self.links {
            guard link.activeStreams > 0 else {
                link.close(.closedLocally)
                continue
            }
            // Bytes that the kernel kept meanwhile are read at once, and are no sign of life.
            self.distrusted[ObjectIdentifier(link)] = self.loop.now + Self.settleMilliseconds
        }
    }

    /// How long what had come before may pass for a sign of life.
    private static let settleMilliseconds: UInt64 = 250

    private func begin(_ dial: TunnelDial, on link: Link) {
        // The link has room, so it is the request that the peer can't take; no other link would change that.
        if !dial.begin(on: link) { dial.fail(.link(.http2(HTTP2Error(.internalError, .headerListTooLarge)))) }
    }

    private func serveWaiting() {
        while let dial = self.waiting.first {
            guard dial.isWanted else {
                self.waiting.removeFirst()
                continue
            }
            guard let link = self.freeLink else { return }
            self.waiting.removeFirst()
            self.begin(dial, on: link)
        }
    }

    private func dialIfNeeded() {
        guard self.dialing == nil, !self.waiting.isEmpty else { return }
        do throws(LinkError) {
            self.dialing = try Link.dial(
                loop: self.loop,
                address: self.key.address,
                from: self.key.from.map { SocketAddress(ip: $0, port: 0) },
                scope: self.pool.scope,
                context: self.context,
                expecting: .oneOf(self.key.expected),
                limits: self.pool.limits.link,
                owner: self
            )
        } catch {
            self.failWaiting(error)
        }
    }

    private func failWaiting(_ error: LinkError) {
        let waiting = self.waiting
        self.waiting = []
        for dial in waiting where dial.isWanted { dial.fail(.link(error)) }
        self.removeIfUnused()
    }

    private func removeIfUnused() {
        guard self.links.isEmpty, self.dialing == nil, self.waiting.isEmpty else { return }
        self.loop.stop(self.idleTimer)
        self.pool.remove(self)
    }

    // MARK: LinkOwner

    package func linkOpened(_ link: Link) {
        if let review = self.pool.review, link.began <= review.came {
            link.judgePeer(with: review.context)
            guard link.state == .open else { return }
        }
        if self.dialing === link { self.dialing = nil }
        self.links.append(link)
        self.serveWaiting()
        if !self.waiting.isEmpty, link.activeStreams == 0 {
            // A fresh link without room for one stream: another would be no better, and dialling would never end.
            self.failWaiting(.http2(HTTP2Error(.refusedStream, .tooManyStreams)))
        }
        self.linkCapacityChanged(link)
    }

    package func link(_ link: Link, opened stream: HTTP2Stream, headers: [HTTP2Header], endStream: Bool) {
        link.reset(stream, .refusedStream)  // a tunnel server opens no streams
    }

    package func linkCapacityChanged(_ link: Link) {
        self.serveWaiting()
        self.dialIfNeeded()
        guard link.activeStreams == 0, link.state == .open else { return }
        if self.isDraining || !link.canOpenStream || self.distrusted[ObjectIdentifier(link)] != nil {
            link.close(.closedLocally)
        } else if !self.idleTimer.isRunning {
            self.loop.start(self.idleTimer, after: self.pool.limits.idleMilliseconds)
        }
    }

    package func linkClosed(_ link: Link, _ error: LinkError) {
        if self.dialing === link {
            self.dialing = nil
            return self.failWaiting(error)
        }
        self.links.removeAll { $0 === link }
        self.distrusted[ObjectIdentifier(link)] = nil
        self.dialIfNeeded()
        self.removeIfUnused()
    }

    // MARK: Idle release and end

    override package func timerFired(_ timer: LoopTimer) {
        for link in self.links where link.activeStreams == 0 {
            if self.loop.now - min(self.loop.now, link.lastStreamEnded) >= self.pool.limits.idleMilliseconds {
                link.close(.closedLocally)
            }
        }
        if !self.links.isEmpty { self.loop.start(self.idleTimer, after: self.pool.limits.idleMilliseconds / 2 + 1) }
    }

    func drain() {
        self.isDraining = true
        for link in self.links where link.activeStreams == 0 { link.close(.closedLocally) }
    }

    func closeAll() {
        self.isDraining = true
        self.failWaiting(.closedLocally)
        self.dialing?.close(.closedLocally)
        for link in self.links { link.close(.closedLocally) }
    }
}
