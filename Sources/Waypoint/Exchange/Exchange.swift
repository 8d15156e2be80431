import HTTPRouting
import MeshModel
import MeshTelemetry
import TunnelEngine

/// One request and its answer.
///
/// The stages follow each other in files: it is judged (`Exchange+Judging`), routed (`Exchange+Routing`), sent to endpoints
/// (`Exchange+Attempts`) and answered (`Exchange+Answering`). It keeps one plan from beginning to end, so that routes,
/// endpoints and policies of one moment decide together. Held by its stream; confined to its loop.
final class Exchange {
    let inner: InnerConnection
    let downstream: HTTPStream
    /// What decided for the service when the request came.
    let served: ServicePlan
    let plan: WaypointPlan
    /// How the policies of that moment look at the connection.
    let standing: AuthorizationStanding
    /// The request as it is sent on.
    var head: HTTPRequestHead
    /// The request as everything that decides sees it.
    var view: RequestView
    /// What telemetry will say.
    var record: RequestRecord
    var measures = ExchangeMeasures()
    var body: RequestBody
    /// What collects the body for those who must see it before it goes anywhere.
    var inspection: BodyInspection?
    /// What goes on when the body was seen.
    var afterInspection: (() -> Void)?
    /// What authorizers see of the body.
    var seenBody: AuthorizerBody?
    /// The route that was chosen, and what of the path it matched.
    var choice: RouteChoice?
    var action: RouteAction?
    /// The destination where a workload was asked for by its own address.
    var direct: ClusterPlan?
    /// What the route says about other origins in the response.
    var crossOrigin: [HeaderField] = []
    /// Copies of the request under way.
    var mirrors: [Mirror] = []
    /// The destination that was drawn.
    var backend: Backend?
    /// Attempts under way; more than one only where the route hedges.
    var attempts: [Attempt] = []
    /// Decides on attempts; nil until the request is sent.
    var machine: RetryMachine?
    /// The place of a retry that waits for its moment.
    var retryPlace: Admission?
    /// What the choice of an endpoint depends on.
    var demand = PickDemand()
    /// Keeps the client on its endpoint; nil where nobody asked for that.
    var sessionKeeper: SessionKeeper?
    /// The session that the request belongs to; nil for a new one.
    var session: SessionKeeper.Session?
    /// For the whole exchange from the request's end, in milliseconds; 0 for ever.
    var requestTimeout: UInt64 = 0
    /// Questions to authorizers under way.
    var question: AuthorizerCall?
    var alarm: LoopAlarm?
    /// For the whole exchange.
    var deadline: LoopAlarm?
    /// For exchanges in which nothing moves; nil where nobody minds.
    var idle: LoopAlarm?
    /// When bytes moved last, in the loop's milliseconds.
    var lastMoved: UInt64 = 0
    /// The attempt whose response the client gets.
    var answering: Attempt?
    /// The response's bytes that wait for the client.
    var waiting: [UInt8] = []
    var isWaitingEnd = false
    var waitingTrailers: [HeaderField] = []
    /// Changes of the response's headers by whoever was asked about the request.
    var answerChanges: [HeaderField] = []
    var isAnswered = false
    /// The connection was upgraded: bytes flow, and each way ends by itself.
    var isTunnel = false
    /// Of an upgraded connection the way to the client has ended.
    var isHalfEnded = false
    private(set) var isOver = false
    /// Bytes of both bodies that are kept, as the loop's budget counts them.
    private var heldBytes = 0

    var worker: WaypointWorker { self.inner.worker }

    init(inner: InnerConnection, downstream: HTTPStream, request: HTTPRequestHead, endStream: Bool) {
        self.inner = inner
        self.downstream = downstream
        self.served = inner.served
        self.plan = inner.worker.plan
        self.standing = inner.authorization()
        self.head = request
        self.view = RequestView(
            method: request.method,
            scheme: request.scheme,
            authority: request.authority,
            path: "",
            fields: request.fields,
            connection: inner.facts
        )
        self.record = RequestRecord(.http, start: inner.worker.wallClock)
        self.body = RequestBody(limit: 0, isReplayable: true)
        if endStream { self.body.finish() }
    }

    /// Starts with the request's head.
    func begin() {
        let worker = self.worker
        self.downstream.owner = self
        worker.requests += 1
        self.inner.share.requests += 1
        self.body = RequestBody(
            limit: worker.context.configuration.limits.replayBytes,
            isReplayable: true,
            isWhole: self.body.isWhole
        )
        self.measureRequest()
        self.describe()
        let limits = worker.context.configuration.limits
        guard worker.requests <= limits.requests else { return self.answer(.overloaded) }
        guard self.inner.share.requests <= limits.requestsPerIdentity else { return self.answer(.overloadedByIdentity) }
        self.boundIdleness(limits.streamIdleMilliseconds)
        self.judge()
    }

    // MARK: Times

    /// Notes when something happened.
    func mark(_ point: RequestTiming.Point) {
        guard self.record.timing[point] == nil else { return }
        self.record.timing[point] = self.worker.microseconds(since: self.record.start)
    }

    // MARK: Memory

    /// Tells the loop's budget how many bytes of both bodies are kept; without room for more it is over.
    func hold() {
        let count = self.body.count + self.waiting.count
        guard count > self.heldBytes, !self.isOver else { return self.release() }
        guard self.worker.loop.hold(count - self.heldBytes, progress: 0) else {
            return self.isAnswered ? self.breakOff(.stream(.local)) : self.answer(.overloaded)
        }
        self.heldBytes = count
    }

    /// Gives back to the budget what is not kept any more.
    func release() {
        let count = self.isOver ? 0 : self.body.count + self.waiting.count
        guard count < self.heldBytes else { return }
        self.worker.loop.release(self.heldBytes - count)
        self.heldBytes = count
    }

    // MARK: End

    /// Nothing more is decided about the request: what still comes of it must not set anything going.
    func stopJudging() {
        self.alarm?.cancel()
        self.question?.cancel()
        self.question = nil
        self.inspection?.release()
        self.inspection = nil
        self.afterInspection = nil
        self.retryPlace = nil
    }

    /// The exchange is over: everything is given back and reported.
    func end() {
        guard !self.isOver else { return }
        self.isOver = true
        self.downstream.owner = nil
        self.deadline?.cancel()
        self.idle?.cancel()
        self.stopJudging()
        for attempt in self.attempts { attempt.end(cutting: true) }
        self.attempts = []
        for mirror in self.mirrors { mirror.requestEnded() }
        self.mirrors = []
        self.answering = nil
        self.release()
        self.worker.requests -= 1
        self.inner.share.requests -= 1
        self.inner.unwatch(self)
        self.worker.reporting.ended(self)
    }
}

// MARK: - From the client

extension Exchange: HTTPStreamOwner {
    func stream(_ stream: HTTPStream, informational head: HTTPResponseHead) {}
    func stream(_ stream: HTTPStream, response head: HTTPResponseHead, endStream: Bool) {}

    func stream(_ stream: HTTPStream, data: UnsafeRawBufferPointer, endStream: Bool) {
        guard !self.isOver else { return stream.consumed(data.count) }
        self.measure(received: data)
        if endStream {
            self.mark(.requestEnd)
            self.body.finish()
        }
        if let inspection = self.inspection {
            // It has a bound of its own, so the client may go on sending.
            stream.consumed(data.count)
            return self.inspected(inspection, data, isEnd: endStream)
        }
        // Our own answer is on its way: whatever still comes is for nobody.
        if self.isAnswered, self.answering == nil { return }
        for mirror in self.mirrors { mirror.append(data, isEnd: endStream) }
        if data.count > 0, !self.passOn(data, endStream: endStream) { self.body.append(data) }
        self.pumpRequest()
        self.hold()
        if endStream { self.requestEnded() }
    }

    func stream(_ stream: HTTPStream, trailers: [HeaderField]) {
        guard !self.isOver else { return }
        self.mark(.requestEnd)
        self.measure(receivedTrailers: trailers)
        // Some servers read them as if they were fields of the head.
        var trailers = trailers
        trailers.removePrivate()
        trailers.removeClaims()
        trailers.remove(named: "x-forwarded-client-cert")
        self.body.finish(trailers: trailers)
        for mirror in self.mirrors { mirror.append(UnsafeRawBufferPointer(start: nil, count: 0), isEnd: true) }
        if let inspection = self.inspection {
            return self.inspected(inspection, UnsafeRawBufferPointer(start: nil, count: 0), isEnd: true)
        }
        self.pumpRequest()
        self.requestEnded()
    }

    func streamCanSend(_ stream: HTTPStream) { self.pumpAnswer() }

    func streamReset(_ stream: HTTPStream, _ failure: HTTPStreamFailure) {
        guard !self.isOver else { return }
        self.record.flags.insert(.downstreamConnectionTermination)
        if self.record.responseDetails.isEmpty { self.record.responseDetails = "downstream_remote_disconnect" }
        if case .malformed(let refusal) = failure {
            self.record.flags.insert(.downstreamProtocolError)
            self.record.responseDetails = refusal.detail
        }
        self.end()
    }
}
