import DataPlane

/// The proxy's side of HTTP/1.1 up to the answer: CONNECT, and plain requests for `http://` as old clients send them.
///
/// A plain request is rewritten for its origin and marked to close after the response. Its connection then carries the
/// request's body and nothing behind it, so that no second request can reach an origin it wasn't meant for.
struct HTTPProxyNegotiation {
    private enum State {
        case head
        /// Dialing for CONNECT, or for a plain request.
        case dialing(isTunnel: Bool)
        case ended
    }

    private let limits: CaptureLimits
    private var state = State.head
    private var head: HTTPHeadBuffer
    /// What the upstream gets first: a rewritten request, and what the client sent behind its head.
    private(set) var early: [UInt8] = []
    /// What of a plain request's body is still to come; nil for CONNECT.
    private(set) var body: HTTPRequestBody?

    init(limits: CaptureLimits) {
        self.limits = limits
        self.head = HTTPHeadBuffer(limit: limits.headBytes)
    }

    /// Takes bytes of the client.
    mutating func receive(_ input: some Collection<UInt8>) -> CaptureStep {
        switch self.state {
        case .ended:
            return CaptureStep(next: .more)
        case .dialing:
            let count = self.body?.count(of: input) ?? input.count
            self.early.append(contentsOf: input.prefix(count))
            return CaptureStep(next: .more)
        case .head:
            switch self.head.receive(input) {
            case .more: return CaptureStep(next: .more)
            case .tooLong: return self.refuse(.httpHeadTooLarge)
            case .complete(let head, let rest): return self.takeHead(head, rest: rest)
            }
        }
    }

    /// The answer for a connection that stands: none for a plain request, whose origin answers.
    mutating func connected() -> [UInt8] {
        defer { self.state = .ended }
        guard case .dialing(isTunnel: true) = self.state else { return [] }
        return Array("HTTP/1.1 200 Connection established\r\n\r\n".utf8)
    }

    /// The answer for a connection that failed.
    mutating func failed(_ failure: DialFailure) -> [UInt8] {
        self.state = .ended
        var response = HTTPResponse(status: failure.httpStatus, text: "tulle: \(failure.rawValue)\n")
        response.fields = [HTTPField(name: "Proxy-Status", value: "ztunnel; error=\(failure.proxyStatus)")]
        return response.bytes()
    }

    private mutating func takeHead(_ bytes: [UInt8], rest: [UInt8]) -> CaptureStep {
        guard let head = try? HTTPHead(parsing: bytes), let line = HTTPRequestLine(parsing: head.startLine) else {
            return self.refuse(.httpMalformed)
        }
        return line.method == "CONNECT"
            ? self.takeConnect(line, fields: head.fields, rest: rest)
            : self.takePlain(line, fields: head.fields, rest: rest)
    }

    private mutating func takeConnect(_ line: HTTPRequestLine, fields: [HTTPField], rest: [UInt8]) -> CaptureStep {
        // A body has no meaning in CONNECT (RFC 9110 §9.3.6): where one is announced, nobody knows where data begins.
        guard HTTPBodyLength(fields) == .unstated, fields.values(of: "host").count <= 1 else {
            return self.refuse(.httpMalformed)
        }
        guard let target = DialTarget(authority: line.target) else { return self.refuse(.targetInvalid) }
        self.state = .dialing(isTunnel: true)
        self.early = rest
        return CaptureStep(next: .connect(target))
    }

    private mutating func takePlain(_ line: HTTPRequestLine, fields: [HTTPField], rest: [UInt8]) -> CaptureStep {
        switch HTTPForwardRequest.rewriting(line, fields: fields) {
        case .failure(let refusal):
            return self.refuse(refusal)
        case .success(let request):
            var body = HTTPRequestBody(request.body)
            guard body.count(of: rest) == rest.count else { return self.refuse(.httpMalformed) }
            self.body = body
            self.state = .dialing(isTunnel: false)
            self.early = request.head + rest
            return CaptureStep(next: .connect(request.target))
        }
    }

    private mutating func refuse(_ refusal: CaptureRefusal) -> CaptureStep {
        self.state = .ended
        let status =
            switch refusal {
            case .httpHeadTooLarge: 431
            case .httpSchemeRefused, .httpNotAProxyRequest: 405
            default: 400
            }
        var response = HTTPResponse(status: status, text: "tulle: \(refusal.rawValue): \(refusal.hint)\n")
        if status == 405 { response.fields = [HTTPField(name: "Allow", value: "CONNECT")] }
        return CaptureStep(output: response.bytes(), next: .refuse(refusal))
    }
}
