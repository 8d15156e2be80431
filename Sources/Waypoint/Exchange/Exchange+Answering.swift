import HTTPRouting
import MeshModel
import MeshTelemetry
import TunnelEngine

extension Exchange {
    // MARK: Our own answers

    /// Answers without a destination.
    func answer(_ reply: LocalReply) {
        guard !self.isAnswered, !self.isOver else { return }
        self.stopJudging()
        for attempt in self.attempts { attempt.end(cutting: true) }
        self.attempts = []
        _ = self.body.stopKeeping(sent: self.body.end)
        self.deadline?.cancel()
        self.record.flags.formUnion(reply.flags)
        self.record.responseDetails = reply.details
        let isGRPC = self.view.isGRPC
        var response = reply.head(asGRPC: isGRPC)
        self.change(&response)
        // Of HTTP/2 it is the stream that is of no use any more.
        if reply.closesConnection, self.downstream.version != .http2 { self.inner.drain() }
        let payload = self.head.method == "HEAD" ? [] : reply.payload(asGRPC: isGRPC)
        self.sendHead(response, endStream: payload.isEmpty)
        guard !self.isOver else { return }
        guard !payload.isEmpty else { return self.answered() }
        self.waiting = payload
        self.isWaitingEnd = true
        self.pumpAnswer()
    }

    /// Sends the response's head to the client.
    func sendHead(_ head: HTTPResponseHead, endStream: Bool) {
        self.isAnswered = true
        self.mark(.responseBegin)
        if self.record.isGRPC { self.record.grpcStatus = head.fields.first(named: "grpc-status").flatMap { Int32($0) } }
        self.record.responseCode = UInt16(clamping: head.status)
        self.record.keepResponseHeaders(self.served.telemetry.headers) { head.fields.first(named: $0) }
        self.measure(sent: head, isWhole: endStream)
        guard self.downstream.send(response: head, endStream: endStream) else {
            self.record.flags.insert(.localReset)
            self.downstream.reset(.internalError)
            return self.end()
        }
    }

    // MARK: The destination's answer

    /// The client gets this attempt's response.
    func commit(_ attempt: Attempt, _ head: HTTPResponseHead, endStream: Bool) {
        self.answering = attempt
        if head.status == 101 {
            self.isTunnel = true
            let most = self.worker.context.configuration.limits.streamIdleMilliseconds
            // From here on it is as any connection that nobody reads.
            self.boundIdleness(most > 0 ? most : attempt.cluster.idleMilliseconds)
        }
        attempt.responded()
        for other in self.attempts where other !== attempt { other.end(cutting: true) }
        self.attempts = [attempt]
        let credit = self.body.stopKeeping(sent: attempt.sent)
        if credit > 0 { self.downstream.consumed(credit) }
        self.release()
        var response = head
        response.fields.removePrivate()
        self.keepSession(at: attempt)
        self.change(&response)
        response.fields.set(
            "x-envoy-upstream-service-time",
            "\(self.worker.loop.now &- attempt.began)"
        )
        // As Envoy, whatever application and route say.
        response.fields.set("server", LocalReply.server)
        if self.record.responseDetails.isEmpty { self.record.responseDetails = "via_upstream" }
        self.sendHead(response, endStream: endStream)
        if endStream { self.responseEnded(attempt) }
    }

    /// Bytes of the response.
    func attempt(_ attempt: Attempt, data: UnsafeRawBufferPointer, endStream: Bool) {
        guard attempt === self.answering, let stream = attempt.stream else { return }
        self.measure(answered: data.count)
        var rest = data
        if self.waiting.isEmpty, data.count > 0 {
            let count = min(self.downstream.capacity(), data.count)
            if count > 0 {
                let piece = UnsafeRawBufferPointer(rebasing: data[..<count])
                self.measure(sent: piece)
                self.downstream.send(piece, endStream: endStream && count == data.count)
                stream.consumed(count)
                rest = UnsafeRawBufferPointer(rebasing: data[count...])
            }
            if rest.isEmpty, endStream { return self.responseEnded(attempt) }
        }
        if !rest.isEmpty { self.waiting.append(contentsOf: rest) }
        if endStream {
            // It is the client that we wait for now: that must take no place among the cluster's requests.
            if !self.isTunnel { attempt.finished() }
            self.isWaitingEnd = true
            if self.waiting.isEmpty {
                self.downstream.finish()
                return self.responseEnded(attempt)
            }
        }
        // Whoever was not asked until it said 0 does not call back.
        self.pumpAnswer()
        self.hold()
    }

    /// What came behind the response's body.
    func attempt(_ attempt: Attempt, trailers: [HeaderField]) {
        guard attempt === self.answering else { return }
        self.measure(answeredTrailers: trailers)
        self.record.keepTrailers(self.served.telemetry.headers) { trailers.first(named: $0) }
        if self.record.isGRPC { self.record.grpcStatus = trailers.first(named: "grpc-status").flatMap { Int32($0) } }
        attempt.finished()
        self.waitingTrailers = trailers
        self.isWaitingEnd = true
        if self.waiting.isEmpty { self.finishAnswer() }
    }

    /// An informational response on its way to the client.
    func attempt(_ attempt: Attempt, informational head: HTTPResponseHead) {
        guard !self.isAnswered, self.attempts.count == 1 else { return }
        var head = head
        head.fields.removePrivate()
        self.downstream.sendInformational(head)
    }

    /// Sends what waits for the client, as far as it takes it.
    func pumpAnswer() {
        defer { self.release() }
        while !self.waiting.isEmpty, !self.isOver {
            let count = min(self.downstream.capacity(), self.waiting.count)
            guard count > 0 else { return }
            let isLast = self.isWaitingEnd && count == self.waiting.count && self.waitingTrailers.isEmpty
            self.waiting.withUnsafeBytes {
                let piece = UnsafeRawBufferPointer(rebasing: $0[..<count])
                self.measure(sent: piece)
                self.downstream.send(piece, endStream: isLast)
            }
            self.waiting.removeFirst(count)
            self.answering?.stream?.consumed(count)
            if isLast { return self.answered() }
        }
        if self.isWaitingEnd, self.waiting.isEmpty, !self.waitingTrailers.isEmpty { self.finishAnswer() }
    }

    private func finishAnswer() {
        self.isWaitingEnd = false
        if self.waitingTrailers.isEmpty {
            self.downstream.finish()
        } else {
            self.measure(sentTrailers: self.waitingTrailers)
            self.downstream.send(trailers: self.waitingTrailers)
        }
        self.answered()
    }

    private func responseEnded(_ attempt: Attempt) { self.answered() }

    /// All of the answer was handed over. The client may still be sending: what it sends is of no use any more.
    private func answered() {
        guard !self.isOver else { return }
        if self.isTunnel, let attempt = self.answering, !attempt.isSent {
            self.isHalfEnded = true
            return
        }
        self.mark(.responseEnd)
        if let attempt = self.answering {
            // An endpoint that answered before it read everything may have closed its side.
            // One that read everything may be asked again on the same connection: nothing is cut.
            attempt.end(cutting: attempt.stream.map { !$0.isSendClosed } ?? false)
        }
        if !self.downstream.isEnded, !self.downstream.isReceiveClosed { self.downstream.reset(.noError) }
        self.end()
    }

    /// All that the client sends has gone on to the endpoint: an upgraded connection whose other way has ended is over.
    func otherHalfEnded() { if self.isHalfEnded { self.answered() } }

    /// The response broke off after it had begun.
    func breakOff(_ failure: Attempt.Failure) {
        switch failure {
        case .stream(.reset), .stream(.refused): self.record.flags.insert(.upstreamRemoteReset)
        case .stream(.malformed), .stream(.protocolError): self.record.flags.insert(.upstreamProtocolError)
        case .stream(.local): self.record.flags.insert(.localReset)
        case .timedOut: self.record.flags.insert(.upstreamRequestTimeout)
        case .stream(.connectionClosed), .connection: self.record.flags.insert(.upstreamConnectionTermination)
        }
        self.downstream.reset(.internalError)
        self.end()
    }
}
