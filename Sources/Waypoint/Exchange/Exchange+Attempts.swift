import HTTPRouting
import MeshModel
import MeshTelemetry
import TunnelEngine

extension Exchange {
    // MARK: Forwarding

    /// Sends the request to the drawn destination.
    func forward() {
        guard let backend = self.backend else { return }
        guard !backend.cluster.isMissing else { return self.answer(.clusterNotFound()) }
        let now = self.worker.loop.now
        let timeout = self.action?.timeouts(for: self.view).request ?? 0
        let policy = self.action?.retryPolicy ?? .default
        self.machine = RetryMachine(policy, deadline: timeout > 0 ? now &+ timeout : nil)
        if self.head.upgrade != nil { self.machine?.obstacles.insert(.upgraded) }
        if policy.retries == 0, !policy.hedges { self.giveUpReplay(sent: 0) }
        if timeout > 0 {
            // As Envoy: from the end of the request.
            self.requestTimeout = timeout
            if self.body.isWhole { self.startDeadline() }
        }
        self.mark(.forwardBegin)
        self.attemptOnce()
    }

    /// The request has come to its end.
    func requestEnded() { if self.requestTimeout > 0, self.machine != nil { self.startDeadline() } }

    private func startDeadline() {
        guard self.deadline == nil, !self.isAnswered else { return }
        let alarm = LoopAlarm(loop: self.worker.loop)
        self.deadline = alarm
        alarm.set(after: self.requestTimeout) { [weak self] in
            guard let self, !self.isOver else { return }
            let now = self.worker.loop.now
            for attempt in self.attempts { attempt.cluster.state.report(attempt.endpoint, .timeout, now: now) }
            if self.isAnswered {
                // What was begun can only be broken off.
                self.record.responseDetails = "response_timeout"
                return self.breakOff(.timedOut)
            }
            self.answer(.requestTimeout)
        }
    }

    /// Sends the request to one endpoint.
    private func attemptOnce(retryPlace: consuming Admission? = nil) {
        guard let backend = self.backend, var machine = self.machine else { return }
        let (worker, cluster) = (self.worker, backend.cluster)
        let now = worker.loop.now
        var demand = self.demand
        demand.avoidsTried = machine.policy.avoidsTried
        demand.shiftsPriorities = machine.policy.shiftsPriorities
        let endpoint: EndpointHandle
        let wish = EgressWish(asked: self.inner.facts.destination, authority: self.head.authority)
        switch cluster.choose(demand, for: wish, in: self.plan, now: now, random: worker.random.next()) {
        case .endpoint(let found): endpoint = found
        case .none(let reply): return self.giveUp(reply)
        }
        guard let place = cluster.state.admitRequest(isRetry: machine.attempts > 0, now: now) else {
            return self.giveUp(.overflow)
        }
        let end = machine.begin(now: now)
        self.machine = machine
        self.demand.tried.append(endpoint)
        self.record.attempts = UInt32(clamping: machine.attempts)
        self.record.upstreamHost = cluster.hostText(of: endpoint, in: self.plan)
        self.record.destination = worker.labels(of: endpoint, in: cluster)
        let attempt = Attempt(
            exchange: self,
            cluster: cluster,
            endpoint: endpoint,
            admission: place,
            retryPlace: retryPlace
        )
        self.attempts.append(attempt)
        let version = cluster.version(
            for: self.downstream.version,
            isGRPC: self.view.isGRPC,
            isUpgrade: self.head.upgrade != nil
        )
        self.record.upstreamVersion = RequestRecord.Version(version)
        var request = self.head
        if machine.attempts > 1 { request.fields.set("x-envoy-attempt-count", "\(machine.attempts)") }
        self.measure(forwarded: request)
        let isEmpty = self.body.isWhole && self.body.end == 0 && self.body.trailers.isEmpty
        attempt.start(request, endStream: isEmpty, version: version, timeout: end.map { $0 &- now } ?? 0)
    }

    /// `traceparent` of a tunnel that is opened for this request: ours where we trace, or else what the client said.
    var tunnelTrace: String? {
        self.record.trace?.header ?? self.head.fields.first(named: "traceparent") ?? self.inner.trace?.header
    }

    /// There can't be another attempt. One that is under way beside it may still bring an answer.
    private func giveUp(_ reply: LocalReply) { if self.attempts.isEmpty { self.answer(reply) } }

    /// The attempt has a stream, and the request's head is on its way.
    func attemptOpened(_ attempt: Attempt) {
        self.record.upstreamLocalAddress = attempt.localText
        self.pumpRequest()
    }

    // MARK: The request's body

    /// Sends bytes on at once where nobody has to keep them; false when they have to be kept.
    func passOn(_ data: UnsafeRawBufferPointer, endStream: Bool) -> Bool {
        guard !self.body.isReplayable, self.attempts.count == 1, let attempt = self.attempts.first,
            let stream = attempt.stream, attempt.sent == self.body.end, self.body.isEmpty,
            stream.capacity() >= data.count
        else { return false }
        attempt.sent += data.count
        self.body.passed(data.count)
        if endStream {
            attempt.isSent = true
            self.mark(.forwardEnd)
        }
        stream.send(data, endStream: endStream)
        let credit = self.body.credit(to: attempt.sent)
        self.measure(forwarded: data.count)
        if credit > 0, !self.isOver { self.downstream.consumed(credit) }
        if endStream { self.otherHalfEnded() }
        return true
    }

    /// Sends what is there of the request, as far as the endpoints take it.
    func pumpRequest() {
        guard self.inspection == nil else { return }
        for attempt in self.attempts { self.pump(attempt) }
        guard !self.isOver, !self.attempts.isEmpty else { return }
        // What the slowest has not sent must still be there for it.
        let sent = self.attempts.reduce(self.body.end) { min($0, $1.sent) }
        let credit = self.body.sent(to: sent)
        if !self.body.isReplayable { self.machine?.obstacles.insert(.bodyIsGone) }
        if credit > 0 { self.downstream.consumed(credit) }
        self.release()
    }

    private func pump(_ attempt: Attempt) {
        guard let stream = attempt.stream, !attempt.isSent, !stream.isSendClosed else { return }
        while attempt.sent < self.body.end {
            let room = stream.capacity()
            guard room > 0, !attempt.isOver else { return }
            let hasTrailers = !self.body.trailers.isEmpty
            // A send that fails may lead back here and let go of the body.
            let body = self.body
            let count = body.take(from: attempt.sent, room: room) { bytes, isLast in
                let ends = isLast && !hasTrailers
                if ends { attempt.isSent = true }
                stream.send(bytes, endStream: ends)
            }
            guard count > 0 else { return }
            attempt.sent += count
            self.measure(forwarded: count)
        }
        guard self.body.isWhole, !attempt.isOver else { return }
        if !attempt.isSent {
            attempt.isSent = true
            if self.body.trailers.isEmpty { stream.finish() } else { stream.send(trailers: self.body.trailers) }
        }
        self.mark(.forwardEnd)
        self.otherHalfEnded()
    }

    /// Only one attempt: what was sent need not be kept.
    private func giveUpReplay(sent place: Int) {
        let credit = self.body.stopKeeping(sent: place)
        if credit > 0 { self.downstream.consumed(credit) }
    }

    // MARK: What comes of attempts

    /// A response has come.
    func attempt(_ attempt: Attempt, response head: HTTPResponseHead, endStream: Bool) {
        guard !self.isOver, !attempt.isOver, self.answering == nil else { return }
        self.mark(.answerBegin)
        self.measure(answered: head)
        let now = self.worker.loop.now
        let grpc = self.view.isGRPC ? head.fields.first(named: "grpc-status").flatMap { Int($0) } : nil
        let status = grpc.map { GRPCStatus(rawValue: UInt32(clamping: $0)).httpStatus } ?? head.status
        attempt.cluster.state.report(attempt.endpoint, .status(status), now: now)
        if head.fields.first(named: "x-envoy-immediate-health-check-fail") != nil {
            attempt.cluster.state.failAtOnce(attempt.endpoint, now: now)
        }
        self.record.responseDetails = "via_upstream"
        guard self.machine != nil, head.status != 101 else {
            return self.commit(attempt, head, endStream: endStream)
        }
        let result = AttemptResult.response(
            status: head.status,
            grpcStatus: endStream ? grpc : nil,
            isRateLimited: head.fields.first(named: "x-envoy-ratelimited") != nil
        )
        let answer = { [self] in self.commit(attempt, head, endStream: endStream) }
        self.follow(result, of: attempt, answer: answer)
    }

    /// An attempt failed.
    func attempt(_ attempt: Attempt, failed failure: Attempt.Failure) {
        guard !self.isOver, !attempt.isOver else { return }
        let now = self.worker.loop.now
        if attempt === self.answering { return self.breakOff(failure) }
        let (result, outcome, reply) = self.read(failure)
        if let outcome { attempt.cluster.state.report(attempt.endpoint, outcome, now: now) }
        if case .connection(let failure) = failure { self.record.upstreamFailure = failure.reason }
        if case .timedOut = failure {
            guard var machine = self.machine else { return }
            let step = machine.tooSlow(now: now, random: self.worker.random.next())
            self.machine = machine
            return self.take(step, of: attempt) { [self] in self.answer(reply) }
        }
        self.follow(result, of: attempt) { [self] in self.answer(reply) }
    }

    private func read(_ failure: Attempt.Failure) -> (AttemptResult, EndpointOutcome?, LocalReply) {
        switch failure {
        case .connection(let failure):
            switch failure.kind {
            case .timedOut: (.connectFailure, .connectTimeout, .connectTimeout)
            case .overloaded: (.refusedHere, nil, .overflow)
            case .unsendable: (.refusedHere, nil, self.unsendable(failure.reason))
            case .refused: (.connectFailure, .connectFailure, .connectFailure(reason: failure.transport))
            // Another endpoint may have another name; what the request itself names has no other.
            case .unresolved where self.backend?.cluster.source == .discovery:
                (.connectFailure, .connectFailure, .nameNotFound)
            case .unresolved: (.refusedHere, nil, .nameNotFound)
            // It was never asked: this loop may not know yet what the mesh has of a new one.
            case .noRoute: (.connectFailure, nil, .connectFailure(reason: failure.transport))
            }
        case .stream(let failure):
            switch failure {
            case .refused: (.refusedStream, .reset, .remoteReset)
            case .reset: (.reset(requestWasSent: true), .reset, .remoteReset)
            case .connectionClosed: (.reset(requestWasSent: true), .reset, .connectionTermination)
            case .malformed(let refusal):
                (
                    .reset(requestWasSent: true), .reset,
                    refusal == .headTooLarge || refusal == .tooManyFields
                        ? .responseHeadersTooLarge : .malformedResponse
                )
            case .protocolError: (.reset(requestWasSent: true), .reset, .malformedResponse)
            case .local: (.reset(requestWasSent: true), nil, .localReset)
            }
        case .timedOut: (.attemptTimeout, .timeout, .attemptTimeout)
        }
    }

    /// The endpoint takes no such head; of HTTP/2 it may be one that takes no WebSocket (RFC 8441).
    private func unsendable(_ reason: String) -> LocalReply {
        self.head.upgrade == nil ? .headersTooLarge : .connectFailure(reason: reason)
    }

    private func follow(_ result: AttemptResult, of attempt: Attempt, answer: () -> Void) {
        guard var machine = self.machine else { return answer() }
        let step = machine.ended(result, now: self.worker.loop.now, random: self.worker.random.next())
        self.machine = machine
        self.take(step, of: attempt, answer: answer)
    }

    private func take(_ step: RetryMachine.Step, of attempt: Attempt, answer: () -> Void) {
        switch step {
        case .answer(let reason):
            self.record.flags.formUnion(reason.flags)
            answer()
        case .keep: break
        case .wait: self.drop(attempt)
        case .hedge, .retry:
            let now = self.worker.loop.now
            guard let place = attempt.cluster.state.admitRetry(now: now) else {
                guard var machine = self.machine else { return answer() }
                let instead = machine.isRefused()
                self.machine = machine
                // It is never another retry.
                return self.take(instead, of: attempt, answer: answer)
            }
            guard case .retry(let wait) = step else {
                self.worker.context.metrics.hedges.add()
                return self.attemptOnce(retryPlace: place)
            }
            self.worker.context.metrics.retries.add()
            self.drop(attempt)
            self.retryAfter(wait, place)
        }
    }

    private func drop(_ attempt: Attempt) {
        attempt.end(cutting: true)
        self.attempts.removeAll { $0 === attempt }
    }

    private func retryAfter(_ wait: UInt64, _ place: consuming Admission) {
        self.retryPlace = consume place
        guard wait > 0 else { return self.retryNow() }
        let alarm = self.alarm ?? LoopAlarm(loop: self.worker.loop)
        self.alarm = alarm
        alarm.set(after: wait) { [weak self] in self?.retryNow() }
    }

    private func retryNow() {
        guard !self.isOver, !self.isAnswered else { return }
        self.attemptOnce(retryPlace: self.retryPlace.take())
    }
}
