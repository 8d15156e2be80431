package import BoringTLS
package import MeshModel

/// Who judges and serves the CONNECT requests of a tunnel server.
package protocol TunnelServerDelegate: AnyObject {
    /// The TLS context to serve a new connection with; nil refuses it because there is no valid identity.
    func tlsContext(for server: TunnelServer) -> (context: TLSContext, expecting: PeerExpectation)?
    /// A peer asks for a tunnel.
    func requested(_ request: TunnelRequest, on server: TunnelServer)
    /// A connection ended before or without serving; for the access log.
    func connectionFailed(peer: SocketAddress, local: SocketAddress?, _ error: LinkError, on server: TunnelServer)
}

/// Accepts HBONE connections on one loop. It holds its delegate weakly and refuses everything without it.
package final class TunnelServer: ListenerDelegate, LinkOwner {
    private let loop: EventLoop
    private let limits: LinkLimits
    private let connectionLimit: Int
    private let connectionsPerIdentity: Int
    private weak var delegate: (any TunnelServerDelegate)?
    private var listeners: [Listener] = []
    private var links: [ObjectIdentifier: Link] = [:]
    /// The identities that peers of open connections proved, and how many connections each has.
    private var identities: [ObjectIdentifier: String] = [:]
    private var counts: [String: Int] = [:]
    private var onDrained: [() -> Void] = []
    private var isDraining = false
    /// What links must stand up to that were begun before it came, and when that was, in the loop's milliseconds.
    private var review: (context: TLSContext, came: UInt64)?

    /// - Parameters:
    ///   - connectionLimit: connections served at once; more are closed at once.
    ///   - connectionsPerIdentity: of these, how many peers of one identity may have together; one more is told to go and
    ///     closed once it has proved its identity.
    package init(
        loop: EventLoop,
        limits: LinkLimits = LinkLimits(),
        connectionLimit: Int = 10_000,
        connectionsPerIdentity: Int = .max,
        delegate: any TunnelServerDelegate
    ) {
        self.loop = loop
        self.limits = limits
        self.connectionLimit = connectionLimit
        self.connectionsPerIdentity = connectionsPerIdentity
        self.delegate = delegate
    }

    /// Starts accepting; returns the bound address.
    @discardableResult
    package func listen(
        on address: SocketAddress,
        scope: SocketScope = .process
    ) throws(SocketError) -> SocketAddress {
        try self.listen(on: ListeningSocket(opening: address, scope: scope))
    }

    /// Starts accepting on a socket that listens already, and takes it over, also when it throws. There may be several.
    @discardableResult
    package func listen(on socket: ListeningSocket) throws(SocketError) -> SocketAddress {
        let listener = try Listener(loop: self.loop, socket: socket, delegate: self)
        self.listeners.append(listener)
        self.isDraining = false
        return listener.address
    }

    /// Connections served now.
    package var connectionCount: Int { self.links.count }

    package func accepted(_ descriptor: Int32, peer: SocketAddress, on listener: Listener) {
        guard self.links.count < self.connectionLimit, let (context, expecting) = self.delegate?.tlsContext(for: self)
        else { return Socket.close(descriptor) }
        do throws(LinkError) {
            let link = try Link.serve(
                loop: self.loop,
                descriptor: descriptor,
                peer: peer,
                context: context,
                expecting: expecting,
                limits: self.limits,
                owner: self
            )
            self.links[ObjectIdentifier(link)] = link
        } catch {
            self.delegate?.connectionFailed(peer: peer, local: nil, error, on: self)
        }
    }

    // MARK: LinkOwner

    package func linkOpened(_ link: Link) {
        if let review = self.review, link.began <= review.came { link.judgePeer(with: review.context) }
        if self.isDraining, link.state == .open { link.drain() }
        self.count(link)
    }

    private func count(_ link: Link) {
        let key = ObjectIdentifier(link)
        guard self.links[key] != nil, let identity = link.peerIdentity else { return }
        let count = self.counts[identity, default: 0] + 1
        self.counts[identity] = count
        self.identities[key] = identity
        guard count > self.connectionsPerIdentity else { return }
        self.delegate?.connectionFailed(peer: link.peer, local: link.local, .tooManyOfIdentity(identity), on: self)
        link.close(.closedLocally)
    }

    private func uncount(_ link: Link) {
        guard let identity = self.identities.removeValue(forKey: ObjectIdentifier(link)),
            let count = self.counts[identity]
        else { return }
        self.counts[identity] = count > 1 ? count - 1 : nil
    }

    package func link(_ link: Link, opened stream: HTTP2Stream, headers: [HTTP2Header], endStream: Bool) {
        let method = headers.first(named: ":method")
        let authority = headers.first(named: ":authority") ?? ""
        let request = TunnelRequest(
            link: link,
            stream: stream,
            authority: authority,
            headers: headers,
            endStream: endStream
        )
        guard method == "CONNECT" else { return request.refuse(status: 400) }
        guard let delegate = self.delegate else { return request.refuse(status: 503) }
        delegate.requested(request, on: self)
    }

    package func linkCapacityChanged(_ link: Link) {
        // A request may be on its way until the peer has answered that it knows.
        if self.isDraining, link.isDrained { link.close(.closedLocally) }
    }

    package func linkClosed(_ link: Link, _ error: LinkError) {
        self.links[ObjectIdentifier(link)] = nil
        self.uncount(link)
        if !link.wasOpen { self.delegate?.connectionFailed(peer: link.peer, local: link.local, error, on: self) }
        if self.links.isEmpty { self.finishDrain() }
    }

    // MARK: Judging again

    /// Judges all peers anew and closes the links of those that are not accepted any more, within a few turns.
    /// - Parameter context: gives roots and revocations; nil takes for each link those that it was made with.
    package func judgePeers(with context: TLSContext?) {
        if let context { self.review = (context, self.loop.now) }
        LinkReview.begin(Array(self.links.values), with: context, on: self.loop)
    }

    // MARK: Drain

    /// Stops accepting first, then tells every peer to open no more streams; `completion` follows the last link.
    ///
    /// What was connected before is served to its end: links that are being set up, and requests that were sent before
    /// the peer could know.
    package func drain(completion: @escaping () -> Void) {
        for listener in self.listeners { listener.finish() }
        self.listeners = []
        self.isDraining = true
        self.onDrained.append(completion)
        for link in Array(self.links.values) where link.wasOpen { link.drain() }
        if self.links.isEmpty { self.finishDrain() }
    }

    private func finishDrain() {
        let completions = self.onDrained
        self.onDrained = []
        for completion in completions { completion() }
    }

    /// Closes every connection at once.
    package func close() {
        for listener in self.listeners { listener.close() }
        self.listeners = []
        for link in Array(self.links.values) { link.close(.closedLocally) }
    }
}
