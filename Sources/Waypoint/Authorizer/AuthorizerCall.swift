import HTTPRouting
import MeshModel
import MeshProtos
import TunnelEngine

/// One question to an authorizer. Whatever goes wrong is answered as its settings say, which is no unless they say
/// otherwise.
///
/// Confined to its loop; held by the exchange that asks.
final class AuthorizerCall: HTTPStreamOwner {
    private let target: AuthorizerTarget
    private let worker: WaypointWorker
    private var completion: ((AuthorizerAnswer) -> Void)?
    private var ticket: UpstreamTicket?
    private var stream: HTTPStream?
    private var use: EndpointUse?
    private var admission: Admission?
    private var endpoint: EndpointHandle?
    private lazy var deadline = LoopAlarm(loop: self.worker.loop)
    private var pending: [UInt8] = []
    private var head: HTTPResponseHead?
    private var received: [UInt8] = []

    /// The longest answer that is read, in bytes.
    private static let answerBytes = 64 * 1024

    init(_ target: AuthorizerTarget, on worker: WaypointWorker) {
        self.target = target
        self.worker = worker
    }

    /// Asks.
    /// - Parameter body: what came of the body, where the authorizer wants to see it.
    func start(
        _ view: RequestView,
        body: AuthorizerBody?,
        facts: CheckFacts,
        completion: @escaping (AuthorizerAnswer) -> Void
    ) {
        self.completion = completion
        let plan = self.target.plan
        self.deadline.set(after: plan.timeout) { [weak self] in self?.fail(.unavailable) }
        let request: HTTPRequestHead
        if plan.isGRPC {
            do throws(AuthorizerFault) {
                let message = try plan.check(view, body: body, facts: facts).serialized
                self.pending = GRPCFrame.wrap(message)
            } catch {
                return self.fail(error)
            }
            request = HTTPRequestHead(
                method: "POST",
                authority: self.target.cluster.key.hostname,
                path: AuthorizerPlan.method,
                fields: [HeaderField("content-type", "application/grpc"), HeaderField("te", "trailers")]
            )
        } else {
            (request, self.pending) = plan.check(view, body: body)
        }
        self.send(request, version: plan.isGRPC ? .http2 : .http11)
    }

    private func send(_ request: HTTPRequestHead, version: HTTPVersion) {
        let state = self.target.cluster.state
        let now = self.worker.loop.now
        guard case .endpoint(let endpoint) = state.pick(PickDemand(), now: now, random: self.worker.random.next()),
            let place = state.admitRequest(now: now)
        else { return self.fail(.unavailable) }
        self.endpoint = endpoint
        self.use = endpoint.beginUse()
        self.admission = consume place
        let ticket = UpstreamTicket(request: request, endStream: self.pending.isEmpty, owner: self) {
            [weak self] result in
            guard let self, self.completion != nil else {
                if case .success(let stream) = result { stream.reset(.cancel) }
                return
            }
            self.ticket = nil
            switch result {
            // What can't be asked because of what the client says is no outage.
            case .failure(let failure): self.fail(failure.kind == .unsendable ? .unsendable : .unavailable)
            case .success(let stream):
                self.stream = stream
                self.pump()
            }
        }
        self.ticket = ticket
        self.worker.upstreams.serve(ticket, cluster: self.target.cluster, endpoint: endpoint, version: version)
    }

    private func pump() {
        guard let stream = self.stream else { return }
        while !self.pending.isEmpty {
            let count = min(stream.capacity(), self.pending.count)
            guard count > 0 else { return }
            let piece = Array(self.pending.prefix(count))
            self.pending.removeFirst(count)
            stream.send(piece, endStream: self.pending.isEmpty)
        }
    }

    /// Gives up; the completion is not called.
    func cancel() {
        self.completion = nil
        self.release()
    }

    private func release() {
        self.deadline.cancel()
        self.ticket?.cancel()
        self.ticket = nil
        self.use = nil
        self.admission = nil
        let stream = self.stream
        self.stream = nil
        stream?.owner = nil
        if let stream, !stream.isEnded { stream.reset(.cancel) }
    }

    private func fail(_ fault: AuthorizerFault) {
        if let endpoint, fault != .unsendable {
            self.target.cluster.state.report(endpoint, .reset, now: self.worker.loop.now)
        }
        self.finish(self.target.plan.answer(to: fault), isFailed: true)
    }

    private func finish(_ answer: AuthorizerAnswer, isFailed: Bool = false) {
        let completion = self.completion
        self.completion = nil
        if completion != nil {
            self.worker.context.metrics.count(answer, isFailed: isFailed, of: self.target.plan.name)
        }
        self.release()
        completion?(answer)
    }

    private func ended(_ trailers: [HeaderField]) {
        guard let head = self.head else { return self.fail(.unavailable) }
        guard self.target.plan.isGRPC else {
            return self.finish(self.target.plan.answer(head, body: self.received))
        }
        let status = trailers.first(named: "grpc-status") ?? head.fields.first(named: "grpc-status")
        guard head.status == 200, status == "0", let message = GRPCFrame.unwrap(self.received),
            let response = try? EnvoyAuth.CheckResponse(decoding: message)
        else { return self.fail(.failed) }
        self.finish(self.target.plan.answer(response))
    }

    // MARK: HTTPStreamOwner

    func stream(_ stream: HTTPStream, informational head: HTTPResponseHead) {}

    func stream(_ stream: HTTPStream, response head: HTTPResponseHead, endStream: Bool) {
        self.head = head
        if let endpoint { self.target.cluster.state.report(endpoint, .status(head.status), now: self.worker.loop.now) }
        if endStream { self.ended([]) }
    }

    func stream(_ stream: HTTPStream, data: UnsafeRawBufferPointer, endStream: Bool) {
        guard self.received.count + data.count <= Self.answerBytes else { return self.fail(.failed) }
        self.received.append(contentsOf: data)
        stream.consumed(data.count)
        if endStream { self.ended([]) }
    }

    func stream(_ stream: HTTPStream, trailers: [HeaderField]) { self.ended(trailers) }
    func streamCanSend(_ stream: HTTPStream) { self.pump() }

    func streamReset(_ stream: HTTPStream, _ failure: HTTPStreamFailure) {
        self.stream = nil
        self.fail(.unavailable)
    }
}

/// One message as gRPC frames it: a byte for compression, a length, the bytes.
enum GRPCFrame {
    static func wrap(_ message: [UInt8]) -> [UInt8] {
        let count = UInt32(truncatingIfNeeded: message.count)
        return [0] + (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) } + message
    }

    /// The only message; nil where there is none, several, or one that is compressed.
    static func unwrap(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count >= 5, bytes[0] == 0 else { return nil }
        let count = bytes[1..<5].reduce(0) { $0 << 8 | Int($1) }
        return bytes.count == 5 + count ? Array(bytes[5...]) : nil
    }
}
