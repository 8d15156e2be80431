/// Reads one request of a connection to our own endpoints; each connection carries one.
package struct HTTPServerState {
    /// Bounds of a request.
    package struct Limits: Sendable, Hashable {
        /// Bytes of the head.
        package var headBytes = 8 * 1024
        /// Bytes of a body, which is read and ignored.
        package var bodyBytes = 64 * 1024
        /// How long the whole request may take to come.
        package var requestMilliseconds: UInt64 = 2_000
        /// How long the answer may take to be read.
        package var responseMilliseconds: UInt64 = 10_000

        /// The default bounds.
        package init() {}
    }

    /// What to do next.
    package enum Step: Hashable, Sendable {
        /// Read on.
        case more
        /// Answer this request, then close.
        case request(HTTPRequest)
        /// Send this, then close.
        case refuse(HTTPResponse)
        /// Nothing more to do: the request was given out before.
        case finished
    }

    private enum State {
        case head
        case body(HTTPRequest, left: Int)
        case finished
    }

    private let limits: Limits
    private var state = State.head
    private var head: HTTPHeadBuffer

    /// Begins a connection.
    package init(limits: Limits = Limits()) {
        self.limits = limits
        self.head = HTTPHeadBuffer(limit: limits.headBytes)
    }

    /// Takes bytes of the client.
    package mutating func receive(_ input: some Collection<UInt8>) -> Step {
        switch self.state {
        case .finished:
            return .finished
        case .body(let request, let left):
            return self.takeBody(request, left: left, count: input.count)
        case .head:
            switch self.head.receive(input) {
            case .more: return .more
            case .tooLong: return self.refuse(431, "request head over \(self.limits.headBytes) bytes\n")
            case .complete(let head, let rest): return self.takeHead(head, restCount: rest.count)
            }
        }
    }

    private mutating func takeHead(_ bytes: [UInt8], restCount: Int) -> Step {
        guard let head = try? HTTPHead(parsing: bytes), let line = HTTPRequestLine(parsing: head.startLine),
            line.target.hasPrefix("/"), let length = HTTPBodyLength(head.fields)
        else { return self.refuse(400, "malformed request\n") }
        let request = HTTPRequest(line: line, fields: head.fields)
        switch length {
        case .chunked:
            return self.refuse(501, "chunked requests are not supported\n")
        case .bytes(let count) where count > self.limits.bodyBytes:
            return self.refuse(413, "request body over \(self.limits.bodyBytes) bytes\n")
        case .bytes(let count):
            return self.takeBody(request, left: count, count: restCount)
        case .unstated:
            self.state = .finished
            return .request(request)
        }
    }

    private mutating func takeBody(_ request: HTTPRequest, left: Int, count: Int) -> Step {
        guard count >= left else {
            self.state = .body(request, left: left - count)
            return .more
        }
        self.state = .finished
        return .request(request)
    }

    private mutating func refuse(_ status: Int, _ text: String) -> Step {
        self.state = .finished
        return .refuse(HTTPResponse(status: status, text: text))
    }
}
