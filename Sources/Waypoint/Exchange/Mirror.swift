import HTTPRouting
import MeshModel
import TunnelEngine

/// A copy of a request, whose answer nobody sees. It never delays or fails the request: what can't keep up is given up.
///
/// Held alive by its stream and by itself until then.
final class Mirror: HTTPStreamOwner {
    private let worker: WaypointWorker
    private var pending: [UInt8] = []
    private var isWhole: Bool
    private var stream: HTTPStream?
    private var ticket: UpstreamTicket?
    private var use: EndpointUse?
    private var admission: Admission?
    private lazy var deadline = LoopAlarm(loop: self.worker.loop)
    private var isOver = false
    /// Whether a destination got any of it.
    private var isSent = false

    /// What waits for a slow mirror at most, in bytes.
    private static let pendingBytes = 64 * 1024
    /// How long a mirrored request may take, in milliseconds.
    private static let timeout: UInt64 = 60_000

    /// Sends a copy of the head and of what came of the body; nil where there is no room for mirrors.
    /// - Parameter facts: the connection whose request it is.
    init?(
        _ head: HTTPRequestHead,
        body: RequestBody,
        of facts: ConnectionFacts,
        cluster: ClusterPlan,
        worker: WaypointWorker
    ) {
        self.worker = worker
        self.isWhole = body.isWhole
        let now = worker.loop.now
        let wish = EgressWish(asked: facts.destination, authority: head.authority)
        guard body.count <= Self.pendingBytes, worker.mirrors < worker.context.configuration.limits.mirrors,
            !cluster.isMissing,
            case .endpoint(let endpoint) = cluster.choose(
                PickDemand(),
                for: wish,
                in: worker.plan,
                now: now,
                random: worker.random.next()
            ),
            let place = cluster.state.admitRequest(now: now)
        else { return nil }
        self.use = endpoint.beginUse()
        self.admission = consume place
        if let bytes = body.whole { self.pending = bytes }
        worker.mirrors += 1
        self.deadline.set(after: Self.timeout) { self.end() }
        let ticket = UpstreamTicket(
            request: head,
            endStream: self.isWhole && self.pending.isEmpty,
            owner: self,
            proxied: cluster.proxied(facts)
        ) { result in
            self.ticket = nil
            guard case .success(let stream) = result else { return self.end() }
            guard !self.isOver else { return stream.reset(.cancel) }
            self.stream = stream
            self.isSent = true
            self.pump()
        }
        self.ticket = ticket
        let version = cluster.version(for: .http11, isGRPC: head.isGRPC, isUpgrade: false)
        worker.upstreams.serve(ticket, cluster: cluster, endpoint: endpoint, version: version)
    }

    /// More of the request.
    func append(_ bytes: UnsafeRawBufferPointer, isEnd: Bool) {
        guard !self.isOver else { return }
        guard self.pending.count + bytes.count <= Self.pendingBytes else { return self.end() }
        self.pending.append(contentsOf: bytes)
        self.isWhole = self.isWhole || isEnd
        self.pump()
    }

    /// Nothing more of the request comes: a copy that is not whole is given up.
    func requestEnded() { if !self.isWhole { self.end() } }

    private func pump() {
        guard let stream = self.stream, !stream.isSendClosed else { return }
        while !self.pending.isEmpty {
            let count = min(stream.capacity(), self.pending.count)
            guard count > 0 else { return }
            let isLast = self.isWhole && count == self.pending.count
            self.pending.withUnsafeBytes {
                stream.send(UnsafeRawBufferPointer(rebasing: $0[..<count]), endStream: isLast)
            }
            self.pending.removeFirst(count)
        }
        if self.isWhole, !stream.isSendClosed { stream.finish() }
    }

    private func end() {
        guard !self.isOver else { return }
        self.isOver = true
        self.deadline.cancel()
        self.worker.mirrors -= 1
        self.worker.context.metrics.count(mirror: self.isSent)
        self.ticket?.cancel()
        self.ticket = nil
        self.use = nil
        self.admission = nil
        self.pending = []
        let stream = self.stream
        self.stream = nil
        stream?.owner = nil
        if let stream, !stream.isEnded { stream.reset(.cancel) }
    }

    func stream(_ stream: HTTPStream, informational head: HTTPResponseHead) {}

    func stream(_ stream: HTTPStream, response head: HTTPResponseHead, endStream: Bool) {
        if endStream { self.end() }
    }

    func stream(_ stream: HTTPStream, data: UnsafeRawBufferPointer, endStream: Bool) {
        stream.consumed(data.count)
        if endStream { self.end() }
    }

    func stream(_ stream: HTTPStream, trailers: [HeaderField]) { self.end() }
    func streamCanSend(_ stream: HTTPStream) { self.pump() }
    func streamReset(_ stream: HTTPStream, _ failure: HTTPStreamFailure) { self.end() }
}
