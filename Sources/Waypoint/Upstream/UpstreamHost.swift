import HTTPRouting
import MeshModel
import TunnelEngine

/// The connections of one loop to one endpoint of a cluster, and the requests that wait for one.
///
/// HTTP/1.1 carries one request at a time on a connection, HTTP/2 many. Requests wait in order; a connection that comes up
/// serves the first of them, and one that can't be opened fails the first of them.
final class UpstreamHost {
    private let pool: UpstreamPool
    let key: UpstreamKey
    /// As the latest request has it: its bounds may have changed since the first.
    private var cluster: ClusterPlan
    private let endpoint: EndpointHandle
    /// How bytes to the application are wrapped.
    private let manner: UpstreamManner
    private var connections: [UpstreamConnection] = []
    /// Connections that said they had room, the latest last. They may have none any more.
    private var roomy: [UpstreamConnection] = []
    private var dials: [ObjectIdentifier: UpstreamDial] = [:]
    private var waiting: ArraySlice<UpstreamTicket> = []
    /// How many wait before those that gave up are looked for.
    private var pruneCount = UpstreamHost.pruneMinimum
    private static let pruneMinimum = 64

    init(
        pool: UpstreamPool,
        key: UpstreamKey,
        cluster: ClusterPlan,
        endpoint: EndpointHandle,
        manner: UpstreamManner
    ) {
        self.manner = manner
        self.pool = pool
        self.key = key
        self.cluster = cluster
        self.endpoint = endpoint
    }

    /// Whether its endpoint is still there for new connections.
    func isWanted(by plan: WaypointPlan) -> Bool { self.cluster.way(to: self.endpoint, in: plan) != nil }

    /// Whether nothing is left of it.
    var isEmpty: Bool { self.connections.isEmpty && self.dials.isEmpty && self.waiting.isEmpty }

    /// Opens a stream for the ticket, now or as soon as a connection has room.
    func serve(_ ticket: UpstreamTicket, cluster: ClusterPlan) {
        self.cluster = cluster
        if self.waiting.isEmpty, let connection = self.connection(for: ticket) { return connection.serve(ticket) }
        guard let place = self.cluster.state.admitPending() else {
            return ticket.finish(.failure(EndpointDial.Failure(kind: .overloaded, reason: "too many requests wait")))
        }
        ticket.place = consume place
        self.waiting.append(ticket)
        self.prune()
        self.dialMore()
    }

    /// A connection that can serve the ticket now: of HTTP/1.1 there may be thousands, most of them busy.
    private func connection(for ticket: UpstreamTicket) -> UpstreamConnection? {
        while let last = self.roomy.last, !last.hasRoom {
            last.isRoomy = false
            self.roomy.removeLast()
        }
        if let last = self.roomy.last, last.canServe(ticket) { return last }
        return self.connections.last { $0.canServe(ticket) }
    }

    /// A connection has room, again or for the first time.
    func hasRoom(_ connection: UpstreamConnection) {
        if !connection.isRoomy {
            connection.isRoomy = true
            self.roomy.append(connection)
        }
        self.serveWaiting()
    }

    /// Those that gave up have no place any more, so that nothing else bounds how many of them are kept.
    private func prune() {
        guard self.waiting.count > self.pruneCount else { return }
        self.waiting.removeAll { !$0.isWanted }
        self.pruneCount = max(Self.pruneMinimum, self.waiting.count * 2)
    }

    /// Opens connections for those who wait, one for each in HTTP/1.1, as far as the cluster's limit allows.
    private func dialMore() {
        // A dial may fail at once, and with it whoever waits: both are counted anew each time.
        while self.dials.count < self.wantedDials {
            let isFirst = self.connections.isEmpty && self.dials.isEmpty
            guard let place = self.cluster.state.admitConnection(isFirst: isFirst) else { return }
            self.dial(place)
        }
    }

    private var wantedDials: Int {
        guard self.key.version == .http2, !self.waiting.isEmpty else { return self.waiting.count }
        return self.connections.contains(where: \.isStarting) ? 0 : 1
    }

    private func dial(_ place: consuming Admission) {
        let plan = self.pool.worker.plan
        guard let way = self.cluster.way(to: self.endpoint, in: plan) else {
            return self.failFirst(EndpointDial.Failure(kind: .noRoute, reason: "\(self.endpoint.id) is gone"))
        }
        let dial = UpstreamDial(
            worker: self.pool.worker,
            timeout: self.cluster.connectMilliseconds,
            manner: self.manner,
            // Those that wait are what connections are opened for, one after the other. Later requests on the same one are
            // not: a tunnel has one place in a trace.
            trace: self.waiting.dropFirst(self.dials.count).first?.trace?(),
            place: place
        )
        let key = ObjectIdentifier(dial)
        self.dials[key] = dial
        dial.start(way, of: self.cluster.service(in: plan), port: self.cluster.port) { [self] result in
            self.dials[key] = nil
            switch result {
            case .failure(let failure):
                self.failed(failure)
                self.pool.settle(self)
            case .success(let bytes):
                self.open(bytes, dial)
            }
        }
    }

    private func open(_ bytes: ByteStream, _ dial: UpstreamDial) {
        let connection = UpstreamConnection(host: self, cluster: self.cluster, dial: dial)
        connection.open(bytes, version: self.key.version)
        self.connections.append(connection)
        self.hasRoom(connection)
        connection.rest()
    }

    /// A connection was not made.
    private func failed(_ failure: EndpointDial.Failure) {
        guard self.connections.isEmpty, self.dials.isEmpty else {
            self.failFirst(failure)
            return self.dialMore()
        }
        // Nothing else is tried for those that wait, and trying once for each would take them one timeout after the other.
        let all = self.waiting
        self.waiting = []
        for ticket in all where ticket.isWanted { ticket.finish(.failure(failure)) }
    }

    private func failFirst(_ failure: EndpointDial.Failure) {
        while let ticket = self.waiting.popFirst() {
            guard ticket.isWanted else { continue }
            return ticket.finish(.failure(failure))
        }
    }

    private func serveWaiting() {
        while let next = self.waiting.first {
            guard next.isWanted else {
                self.waiting.removeFirst()
                continue
            }
            guard let connection = self.connection(for: next) else { break }
            self.waiting.removeFirst()
            connection.serve(next)
        }
        if !self.waiting.isEmpty { self.dialMore() }
    }

    /// A connection is gone.
    func ended(_ connection: UpstreamConnection) {
        self.connections.removeAll { $0 === connection }
        if connection.isRoomy { self.roomy.removeAll { $0 === connection } }
        if !connection.hasServed, self.dials.isEmpty {
            // Whoever caused it would wait for ever if the endpoint ends each connection at once.
            self.failFirst(EndpointDial.Failure(kind: .refused, reason: "the connection ended at once"))
        }
        if !self.waiting.isEmpty { self.dialMore() }
        self.pool.settle(self)
    }

    /// Lets connections end with what they carry; those that carry nothing end now.
    func drain() {
        for connection in self.connections { connection.drain() }
    }

    /// Ends everything at once.
    func close() {
        for dial in self.dials.values { dial.cancel() }
        self.dials = [:]
        while let ticket = self.waiting.popFirst() {
            ticket.finish(.failure(EndpointDial.Failure(kind: .refused, reason: "the waypoint ends")))
        }
        for connection in self.connections { connection.close() }
    }
}

/// A dial, and the place among the cluster's connections that it holds until its connection ends.
final class UpstreamDial {
    private let dial: EndpointDial
    private var place: Admission?

    init(
        worker: WaypointWorker,
        timeout: UInt64,
        manner: UpstreamManner,
        trace: String?,
        place: consuming Admission
    ) {
        self.dial = EndpointDial(worker: worker, timeout: timeout, manner: manner, trace: trace)
        self.place = consume place
    }

    /// Whom the endpoint proved to be.
    var peerIdentity: String? { self.dial.peerIdentity }

    /// Our own address towards the endpoint, as logs show it.
    var localText: String? { self.dial.localText }

    func start(
        _ way: EndpointWay,
        of service: Service?,
        port: UInt16,
        completion: @escaping (Result<ByteStream, EndpointDial.Failure>) -> Void
    ) {
        self.dial.start(way, of: service, port: port, completion: completion)
    }

    func cancel() { self.dial.cancel() }
}
