import HTTPRouting
import MeshModel
import TunnelEngine

/// One attempt to have a request answered by one endpoint.
///
/// It is held by its exchange and, while it lasts, by its stream. When it ends it gives back all that it holds of the
/// cluster's limits.
final class Attempt: HTTPStreamOwner {
    /// How an attempt failed before there was a response.
    enum Failure {
        case connection(EndpointDial.Failure)
        case stream(HTTPStreamFailure)
        case timedOut
    }

    let cluster: ClusterPlan
    let endpoint: EndpointHandle
    private weak var exchange: Exchange?
    private var use: EndpointUse?
    private var admission: Admission?
    private var retryPlace: Admission?
    private var ticket: UpstreamTicket?
    private(set) var stream: HTTPStream?
    private var timer: LoopAlarm?
    /// Whom the endpoint proved to be; nil in the clear.
    private(set) var identity: String?
    /// Our own address towards the endpoint, as logs show it.
    private(set) var localText: String?
    /// Up to where the request's body was sent.
    var sent = 0
    /// Whether the body's end was sent.
    var isSent = false
    /// When the request was sent, in the loop's milliseconds.
    private(set) var began: UInt64
    private(set) var isOver = false

    init(
        exchange: Exchange,
        cluster: ClusterPlan,
        endpoint: EndpointHandle,
        admission: consuming Admission,
        retryPlace: consuming Admission?
    ) {
        self.exchange = exchange
        self.cluster = cluster
        self.endpoint = endpoint
        self.use = endpoint.beginUse()
        self.admission = consume admission
        self.retryPlace = consume retryPlace
        self.began = exchange.worker.loop.now
    }

    /// Asks for a stream and sends the request's head on it.
    func start(_ request: HTTPRequestHead, endStream: Bool, version: HTTPVersion, timeout: UInt64) {
        guard let exchange = self.exchange else { return }
        let worker = exchange.worker
        if timeout > 0 {
            let timer = LoopAlarm(loop: worker.loop)
            self.timer = timer
            timer.set(after: timeout) { [weak self] in
                guard let self, !self.isOver else { return }
                self.exchange?.attempt(self, failed: .timedOut)
            }
        }
        self.isSent = endStream
        let ticket = UpstreamTicket(
            request: request,
            endStream: endStream,
            owner: self,
            trace: { [weak self] in self?.exchange?.tunnelTrace },
            proxied: self.cluster.proxied(exchange.inner.facts)
        ) { [weak self] result in
            guard let self, !self.isOver else {
                if case .success(let stream) = result { stream.reset(.cancel) }
                return
            }
            self.identity = self.ticket?.identity
            self.localText = self.ticket?.localText
            self.ticket = nil
            switch result {
            case .success(let stream):
                self.stream = stream
                self.exchange?.attemptOpened(self)
            case .failure(let failure):
                self.exchange?.attempt(self, failed: .connection(failure))
            }
        }
        self.ticket = ticket
        worker.upstreams.serve(ticket, cluster: self.cluster, endpoint: self.endpoint, version: version)
    }

    /// Ends the attempt: what is open is cut, what is held is given back.
    func end(cutting: Bool) {
        guard !self.isOver else { return }
        self.isOver = true
        self.timer?.cancel()
        self.timer = nil
        self.ticket?.cancel()
        self.ticket = nil
        self.finished()
        let stream = self.stream
        self.stream = nil
        stream?.owner = nil
        if cutting, let stream, !stream.isEnded { stream.reset(.cancel) }
    }

    /// The response has begun: the time for one attempt is over.
    func responded() {
        self.timer?.cancel()
        self.timer = nil
    }

    /// The endpoint has said everything: what is held of the cluster's limits is given back.
    func finished() {
        self.use = nil
        self.admission = nil
        self.retryPlace = nil
    }

    // MARK: HTTPStreamOwner

    func stream(_ stream: HTTPStream, informational head: HTTPResponseHead) {
        self.exchange?.attempt(self, informational: head)
    }

    func stream(_ stream: HTTPStream, response head: HTTPResponseHead, endStream: Bool) {
        self.exchange?.attempt(self, response: head, endStream: endStream)
    }

    func stream(_ stream: HTTPStream, data: UnsafeRawBufferPointer, endStream: Bool) {
        guard let exchange = self.exchange, !self.isOver else { return stream.consumed(data.count) }
        exchange.attempt(self, data: data, endStream: endStream)
    }

    func stream(_ stream: HTTPStream, trailers: [HeaderField]) {
        self.exchange?.attempt(self, trailers: trailers)
    }

    func streamCanSend(_ stream: HTTPStream) { self.exchange?.pumpRequest() }

    func streamReset(_ stream: HTTPStream, _ failure: HTTPStreamFailure) {
        guard !self.isOver else { return }
        self.stream = nil
        self.exchange?.attempt(self, failed: .stream(failure))
    }
}
