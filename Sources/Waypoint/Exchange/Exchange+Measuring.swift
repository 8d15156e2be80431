import HTTPRouting
import MeshModel
import MeshTelemetry
import TunnelEngine

/// What is measured of an exchange while it passes.
struct ExchangeMeasures {
    /// Messages of gRPC from the client.
    var asked = GRPCMessageCount()
    /// Messages of gRPC to the client.
    var answered = GRPCMessageCount()
    /// Whether HTTP/1.1 tells the length of each piece of the request.
    var isRequestChunked = false
    /// Whether HTTP/1.1 tells the length of each piece of the response.
    var isAnswerChunked = false
}

extension Exchange {
    /// Numbers the request and counts its head as it came.
    func measureRequest() {
        self.record.stream = self.worker.nextStream()
        self.record.connection = self.inner.number
        self.measures.isRequestChunked =
            self.head.upgrade == nil && !self.head.fields.hasLength && !self.body.isWhole
        let version = self.downstream.version
        self.record.received.headers = WireSize.head(self.head, version)
        self.record.received.wire =
            self.record.received.headers + (self.measures.isRequestChunked ? WireSize.chunking(version) : 0)
    }

    /// Bytes of the body came from the client.
    func measure(received data: UnsafeRawBufferPointer) {
        guard data.count > 0 else { return }
        self.moved()
        let isChunked = self.measures.isRequestChunked
        self.record.received.body += UInt64(data.count)
        self.record.received.wire +=
            UInt64(data.count) + WireSize.framing(data.count, self.downstream.version, isChunked: isChunked)
        if self.record.isGRPC {
            self.measures.asked.take(data)
            self.record.requestMessages = self.measures.asked.messages
        }
    }

    /// Fields came behind the body.
    func measure(receivedTrailers fields: [HeaderField]) {
        let size = WireSize.trailers(fields, self.downstream.version)
        self.record.received.headers += size
        self.record.received.wire += size
    }

    /// The response's head goes to the client.
    func measure(sent head: HTTPResponseHead, isWhole: Bool) {
        let version = self.downstream.version
        let size = WireSize.head(head, version)
        // What was upgraded is bytes and nothing else.
        self.measures.isAnswerChunked = !isWhole && head.status != 101 && !head.fields.hasLength
        self.record.sent.headers += size
        self.record.sent.wire += size + (self.measures.isAnswerChunked ? WireSize.chunking(version) : 0)
    }

    /// Bytes of the response's body go to the client.
    func measure(sent data: UnsafeRawBufferPointer) {
        guard data.count > 0 else { return }
        self.moved()
        self.record.sent.body += UInt64(data.count)
        self.record.sent.wire +=
            UInt64(data.count)
            + WireSize.framing(data.count, self.downstream.version, isChunked: self.measures.isAnswerChunked)
        if self.record.isGRPC {
            self.measures.answered.take(data)
            self.record.responseMessages = self.measures.answered.messages
        }
    }

    /// Fields go to the client behind the body.
    func measure(sentTrailers fields: [HeaderField]) {
        let size = WireSize.trailers(fields, self.downstream.version)
        self.record.sent.headers += size
        self.record.sent.wire += size
    }

    // MARK: Towards the destination

    private var upstreamVersion: HTTPVersion { self.record.upstreamVersion == .http2 ? .http2 : .http11 }

    /// A request's head goes to an endpoint, once for each attempt.
    func measure(forwarded head: HTTPRequestHead) {
        let version = self.upstreamVersion
        let size = WireSize.head(head, version)
        self.record.upstreamSent.headers += size
        self.record.upstreamSent.wire += size + (self.measures.isRequestChunked ? WireSize.chunking(version) : 0)
    }

    /// Bytes of the body go to an endpoint.
    func measure(forwarded count: Int) {
        guard count > 0 else { return }
        self.moved()
        let framing = WireSize.framing(count, self.upstreamVersion, isChunked: self.measures.isRequestChunked)
        self.record.upstreamSent.body += UInt64(count)
        self.record.upstreamSent.wire += UInt64(count) + framing
    }

    /// A response's head came from an endpoint.
    func measure(answered head: HTTPResponseHead) {
        self.moved()
        let size = WireSize.head(head, self.upstreamVersion)
        self.record.upstreamReceived.headers += size
        self.record.upstreamReceived.wire += size
    }

    /// Bytes of a response's body came from the endpoint.
    func measure(answered count: Int) {
        guard count > 0 else { return }
        self.moved()
        let framing = WireSize.framing(count, self.upstreamVersion, isChunked: self.measures.isAnswerChunked)
        self.record.upstreamReceived.body += UInt64(count)
        self.record.upstreamReceived.wire += UInt64(count) + framing
    }

    /// Fields came from the endpoint behind the body.
    func measure(answeredTrailers fields: [HeaderField]) {
        let size = WireSize.trailers(fields, self.upstreamVersion)
        self.record.upstreamReceived.headers += size
        self.record.upstreamReceived.wire += size
    }

    // MARK: Long calls

    /// Has the messages of a call counted while it goes on.
    func beginSampling() { if self.record.isGRPC { self.inner.watch(self) } }

    /// Counts the messages that passed since the last time.
    func sample() { self.worker.reporting.tick(&self.record, rules: self.served.telemetry.metrics) }
}

extension [HeaderField] {
    /// Whether the head tells the body's length.
    var hasLength: Bool { self.contains { $0.name == "content-length" } }
}
