package import BoringTLS
package import MeshModel
package import TunnelEngine

/// Who takes what the control plane says in a call.
package protocol ControlCallOwner: AnyObject {
    /// The connection stands and the call has begun: send.
    func callBegan(_ call: ControlCall)
    /// A message came.
    func received(_ message: [UInt8], on call: ControlCall)
    /// The call is over, and its connection with it; called once.
    func ended(_ end: ControlCall.End, on call: ControlCall)
}

/// One gRPC call to the control plane on a connection of its own.
///
/// Confined to the control loop.
package final class ControlCall: LinkOwner, GRPCCallOwner {
    /// How a call ended.
    package enum End: Sendable {
        /// There was no connection, or it broke.
        case connection(LinkError)
        /// The server ended the call.
        case status(GRPCStatus)
    }

    /// The address this side connected from, once it did.
    package private(set) var local: SocketAddress?
    private let head: GRPCRequestHead
    private let limits: GRPCCall.Limits
    private weak var owner: (any ControlCallOwner)?
    private var link: Link?
    private var call: GRPCCall?
    private var isOver = false
    private var probing: LoopAlarm?

    /// Prepares a call.
    package init(head: GRPCRequestHead, limits: GRPCCall.Limits, owner: any ControlCallOwner) {
        self.head = head
        self.limits = limits
        self.owner = owner
    }

    /// How the control plane is connected to (Istio's numbers): 5 s to connect, a PING after 30 s, an answer in 10 s.
    private static var linkLimits: LinkLimits {
        var limits = LinkLimits()
        limits.connectMilliseconds = 5_000
        limits.pingAfterMilliseconds = 30_000
        limits.pongMilliseconds = 10_000
        return limits
    }

    /// Connects and begins the call.
    /// - Parameters:
    ///   - host: the name or address that the server's certificate must have.
    ///   - alternatives: DNS names that do as well.
    package func start(
        loop: EventLoop,
        address: SocketAddress,
        from source: SocketAddress?,
        host: String,
        alternatives: [String] = [],
        context: TLSContext
    ) throws(LinkError) {
        self.link = try Link.dial(
            loop: loop,
            address: address,
            from: source,
            context: context,
            expecting: .host(host, alternatives: alternatives),
            limits: Self.linkLimits,
            owner: self
        )
    }

    /// Sends a message.
    package func send(_ message: [UInt8]) { self.call?.send(message) }

    /// Says that no more messages follow.
    package func finishSending() { self.call?.finishSending() }

    /// What came before is read within this time, and is no sign of life.
    private static let settleMilliseconds: UInt64 = 250

    /// Asks the server for a sign of life, and ends the call if none comes in time.
    package func probe(milliseconds: UInt64, on loop: EventLoop) {
        let alarm = LoopAlarm(loop: loop)
        self.probing = alarm
        // Bytes that the kernel kept while this process stood still must not pass for an answer.
        alarm.set(after: Self.settleMilliseconds) { [weak self] in self?.ask(milliseconds: milliseconds, on: loop) }
    }

    private func ask(milliseconds: UInt64, on loop: EventLoop) {
        guard let link = self.link, link.probe(afterSilence: 0) else { return }
        let asked = loop.now
        self.probing?.set(after: milliseconds) { [weak self] in
            guard let self, self.link === link, !link.hasReceived(since: asked) else { return }
            self.over(.connection(.keepAliveTimedOut))
        }
    }

    /// Gives the call up; the owner hears no more.
    package func cancel() {
        self.owner = nil
        self.over(.status(GRPCStatus(.cancelled)))
    }

    private func over(_ end: End) {
        guard !self.isOver else { return }
        self.isOver = true
        self.probing?.cancel()
        let owner = self.owner
        self.owner = nil
        self.call?.cancel()
        self.call = nil
        let link = self.link
        self.link = nil
        link?.close(.closedLocally)
        owner?.ended(end, on: self)
    }

    // MARK: LinkOwner

    package func linkOpened(_ link: Link) {
        self.local = link.local
        guard let call = GRPCCall.begin(self.head, on: link, limits: self.limits, owner: self) else {
            return self.over(.status(GRPCStatus(.unavailable, "the server takes no stream")))
        }
        self.call = call
        self.owner?.callBegan(self)
    }

    package func link(_ link: Link, opened stream: HTTP2Stream, headers: [HTTP2Header], endStream: Bool) {
        link.reset(stream, .refusedStream)
    }

    package func linkCapacityChanged(_ link: Link) {}

    package func linkClosed(_ link: Link, _ error: LinkError) { self.over(.connection(error)) }

    // MARK: GRPCCallOwner

    package func received(_ message: [UInt8], on call: GRPCCall) { self.owner?.received(message, on: self) }

    package func ended(_ status: GRPCStatus, on call: GRPCCall) {
        self.call = nil
        self.over(.status(status))
    }
}

extension ControlCall.End: CustomStringConvertible {
    /// One line for the log.
    package var description: String {
        switch self {
        case .connection(let error): "\(error)"
        case .status(let status): "\(status)"
        }
    }
}
