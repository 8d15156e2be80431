import BoringTLS
import HTTPRouting
import MeshModel
import TunnelEngine

/// Asks endpoints whether they are well, on one loop of the data plane, by the way that requests take.
///
/// `@unchecked Sendable`: `start` may be called from any thread; everything else runs on the loop's own.
final class HealthProbes: @unchecked Sendable {
    private let worker: WaypointWorker?
    private var open: [ObjectIdentifier: HealthQuestion] = [:]

    init(worker: WaypointWorker?) { self.worker = worker }

    /// Asks an endpoint of a cluster; the cluster is told what came of it.
    func start(_ probe: HealthProbe, of cluster: ClusterPlan) {
        guard let worker = self.worker else { return }
        worker.loop.submit { [self] in
            let question = HealthQuestion(probe, of: cluster, on: worker)
            self.open[ObjectIdentifier(question)] = question
            question.start { answer in
                self.open[ObjectIdentifier(question)] = nil
                cluster.state.answered(probe, answer, now: worker.loop.now)
            }
        }
    }
}

/// One question to one endpoint.
private final class HealthQuestion: HTTPStreamOwner, HTTPClientConnectionOwner {
    private let probe: HealthProbe
    private let cluster: ClusterPlan
    private let worker: WaypointWorker
    private var dial: EndpointDial?
    private var connection: HTTPClientConnection?
    private var completion: ((HealthAnswer) -> Void)?
    private var head: HTTPResponseHead?
    private var body: [UInt8] = []
    private var hasAsked = false
    private lazy var deadline = LoopAlarm(loop: self.worker.loop)

    /// The longest answer to a check by gRPC, in bytes.
    private static let answerBytes = 1_024

    init(_ probe: HealthProbe, of cluster: ClusterPlan, on worker: WaypointWorker) {
        self.probe = probe
        self.cluster = cluster
        self.worker = worker
    }

    /// What the check speaks; nil where it only connects.
    private var version: HTTPVersion? {
        switch self.probe.rules.question {
        case .connect: nil
        case .http: .http11
        case .grpc: .http2
        }
    }

    func start(completion: @escaping (HealthAnswer) -> Void) {
        self.completion = completion
        self.deadline.set(after: self.probe.rules.timeout) { [weak self] in self?.finish(.timedOut) }
        let plan = self.worker.plan
        guard var target = self.cluster.target(of: self.probe.endpoint, in: plan) else {
            return self.finish(.disconnected)
        }
        if let port = self.probe.rules.port { target.port = port }
        let security: UpstreamSecurity.Moment?
        do throws(UpstreamMaterial.Failure) {
            security = try self.cluster.security?.moment(now: self.worker.loop.now)
        } catch {
            return self.finish(.disconnected)
        }
        let manner = UpstreamManner(
            preface: self.cluster.preface(naming: nil),
            security: security,
            protocols: self.version.map { TLSProtocols($0) } ?? .none
        )
        let dial = EndpointDial(worker: self.worker, timeout: self.probe.rules.timeout, manner: manner)
        self.dial = dial
        dial.start(.workload(target), of: self.cluster.service(in: plan), port: self.cluster.port) { [self] result in
            switch result {
            case .failure(let failure): self.finish(failure.kind == .timedOut ? .timedOut : .disconnected)
            case .success(let bytes): self.ask(bytes)
            }
        }
    }

    private func ask(_ bytes: ByteStream) {
        guard self.completion != nil else { return bytes.close(isAbortive: true) }
        guard let version = self.version else {
            bytes.close(isAbortive: true)
            return self.finish(.connected)
        }
        self.connection = HTTPClientConnection(
            over: bytes,
            version: version,
            limits: self.cluster.upstreamLimits,
            owner: self
        )
        self.send()
    }

    private func send() {
        guard !self.hasAsked, let connection = self.connection, connection.canOpenStream else { return }
        self.hasAsked = true
        switch self.probe.rules.question {
        case .connect: break
        case .http(let path, let host):
            let head = HTTPRequestHead(
                method: "GET",
                authority: host,
                path: path,
                fields: [HeaderField("user-agent", HealthCheckRules.userAgent)]
            )
            if connection.openStream(request: head, endStream: true, owner: self) == nil { self.finish(.disconnected) }
        case .grpc(let service, let host):
            let head = HTTPRequestHead(
                method: "POST",
                authority: host,
                path: "/grpc.health.v1.Health/Check",
                fields: [
                    HeaderField("content-type", "application/grpc"), HeaderField("te", "trailers"),
                    HeaderField("user-agent", HealthCheckRules.userAgent),
                ]
            )
            guard let stream = connection.openStream(request: head, endStream: false, owner: self) else {
                return self.finish(.disconnected)
            }
            // HealthCheckRequest: the service's name is field 1.
            let name = Array(service.utf8.prefix(127))
            let message: [UInt8] = name.isEmpty ? [] : [0x0a, UInt8(truncatingIfNeeded: name.count)] + name
            stream.send(GRPCFrame.wrap(message), endStream: true)
        }
    }

    private func finish(_ answer: HealthAnswer) {
        guard let completion = self.completion else { return }
        self.completion = nil
        self.deadline.cancel()
        self.dial?.cancel()
        let connection = self.connection
        self.connection = nil
        connection?.close()
        completion(answer)
    }

    private func ended(_ trailers: [HeaderField]) {
        guard let head = self.head else { return self.finish(.disconnected) }
        guard case .grpc = self.probe.rules.question else {
            var mark = HealthAnswer.Mark.none
            if head.fields.first(named: "x-envoy-degraded") != nil { mark = .degraded }
            if head.fields.first(named: "x-envoy-immediate-health-check-fail") != nil { mark = .failed }
            return self.finish(.status(head.status, mark))
        }
        let status = trailers.first(named: "grpc-status") ?? head.fields.first(named: "grpc-status")
        // HealthCheckResponse: field 1 is 1 for SERVING.
        self.finish(.serving(status == "0" && GRPCFrame.unwrap(self.body) == [0x08, 1]))
    }

    func stream(_ stream: HTTPStream, informational head: HTTPResponseHead) {}

    func stream(_ stream: HTTPStream, response head: HTTPResponseHead, endStream: Bool) {
        self.head = head
        if case .grpc = self.probe.rules.question {
            if endStream { self.ended([]) }
        } else {
            // The status says it all.
            self.ended([])
        }
    }

    func stream(_ stream: HTTPStream, data: UnsafeRawBufferPointer, endStream: Bool) {
        guard self.body.count + data.count <= Self.answerBytes else { return self.finish(.serving(false)) }
        self.body.append(contentsOf: data)
        stream.consumed(data.count)
        if endStream { self.ended([]) }
    }

    func stream(_ stream: HTTPStream, trailers: [HeaderField]) { self.ended(trailers) }
    func streamCanSend(_ stream: HTTPStream) {}
    func streamReset(_ stream: HTTPStream, _ failure: HTTPStreamFailure) { self.finish(.disconnected) }

    func connectionCapacityChanged(_ connection: HTTPClientConnection) { self.send() }
    func connectionEnded(_ connection: HTTPClientConnection, _ outcome: RelayOutcome) { self.finish(.disconnected) }
}
