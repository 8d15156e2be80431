import HTTPRouting
import MeshModel
import TunnelEngine

/// One HTTP connection to an endpoint's application.
final class UpstreamConnection: HTTPClientConnectionOwner {
    private weak var host: UpstreamHost?
    private let cluster: ClusterPlan
    /// Holds the place among the cluster's connections.
    private let dial: UpstreamDial
    private var connection: HTTPClientConnection?
    private var served: UInt32 = 0
    /// Whether its host has it among those with room.
    var isRoomy = false

    init(host: UpstreamHost, cluster: ClusterPlan, dial: UpstreamDial) {
        self.host = host
        self.cluster = cluster
        self.dial = dial
    }

    /// Begins HTTP on what was opened, which it takes over.
    func open(_ bytes: ByteStream, version: HTTPVersion) {
        self.connection = HTTPClientConnection(
            over: bytes,
            version: version,
            limits: self.cluster.upstreamLimits,
            owner: self
        )
    }

    /// Whether a request may be sent now.
    var hasRoom: Bool { !self.isSpent && self.connection?.canOpenStream ?? false }

    /// Whether the ticket's request may be sent now.
    func canServe(_ ticket: UpstreamTicket) -> Bool {
        self.hasRoom && (ticket.request.upgrade == nil || self.connection?.allowsUpgrade != nil)
    }

    /// Whether the endpoint has not said yet what it takes.
    var isStarting: Bool { self.connection.map { $0.allowsUpgrade == nil && $0.isReusable } ?? false }

    /// Whether a request was sent on it.
    var hasServed: Bool { self.served > 0 }

    private var isSpent: Bool {
        let most = self.cluster.requestsPerConnection
        return most > 0 && self.served >= most
    }

    /// Sends the ticket's request.
    func serve(_ ticket: UpstreamTicket) {
        guard let owner = ticket.owner else { return ticket.cancel() }
        ticket.identity = self.dial.peerIdentity
        ticket.localText = self.dial.localText
        guard
            let stream = self.connection?.openStream(request: ticket.request, endStream: ticket.endStream, owner: owner)
        else {
            return ticket.finish(.failure(EndpointDial.Failure(kind: .unsendable, reason: self.refusal(of: ticket))))
        }
        self.served &+= 1
        // Its last request: what comes after needs another one.
        if self.isSpent { self.connection?.drain() }
        ticket.finish(.success(stream))
    }

    private func refusal(of ticket: UpstreamTicket) -> String {
        let isForbidden = ticket.request.upgrade != nil && self.connection?.allowsUpgrade == false
        return isForbidden
            ? "the endpoint allows no WebSocket over HTTP/2 (RFC 8441)" : "the endpoint takes no such head"
    }

    /// Ends it when it is of no use any more.
    func rest() {
        if let connection, connection.activeStreams == 0, self.isSpent || !connection.isReusable { connection.close() }
    }

    /// Ends it when nothing is carried any more.
    func drain() { self.connection?.drain() }

    /// Ends it at once.
    func close() { self.connection?.close() }

    // MARK: HTTPClientConnectionOwner

    func connectionCapacityChanged(_ connection: HTTPClientConnection) {
        self.host?.hasRoom(self)
        self.rest()
    }

    func connectionEnded(_ connection: HTTPClientConnection, _ outcome: RelayOutcome) {
        self.connection = nil
        self.host?.ended(self)
    }
}
