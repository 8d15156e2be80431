/// Reads the one response of a connection.
package struct HTTPClientState {
    /// What came back.
    package struct Response: Hashable, Sendable {
        /// The status code.
        package var status: Int
        /// The fields.
        package var fields: [HTTPField]
        /// The whole body.
        package var body: [UInt8]
    }

    /// Why a response was given up.
    package enum Failure: Error, Hashable, Sendable {
        /// The head or a chunk breaks HTTP/1.1.
        case malformed
        /// Head or body exceed their limits.
        case tooLarge
        /// The connection ended before the response did.
        case endedEarly
    }

    /// What to do next.
    package enum Step: Hashable, Sendable {
        /// Read on.
        case more
        /// The response is whole.
        case response(Response)
        /// Give up.
        case failed(Failure)
    }

    private enum State {
        case head
        case counted(left: Int)
        case chunked(HTTPChunkedBody)
        case untilEnd
        case finished
    }

    /// How many interim responses may come first.
    private static let maximumInterims = 8

    private let bodyLimit: Int
    private var interimCount = 0
    private var state = State.head
    private var head: HTTPHeadBuffer
    private var response = Response(status: 0, fields: [], body: [])

    /// Begins a response of at most `bodyLimit` bytes of body and 16 KiB of head.
    package init(bodyLimit: Int = 64 * 1024) {
        self.bodyLimit = bodyLimit
        self.head = HTTPHeadBuffer(limit: 16 * 1024)
    }

    /// Takes bytes of the server.
    package mutating func receive(_ input: [UInt8]) -> Step {
        switch self.state {
        case .head:
            switch self.head.receive(input) {
            case .more: return .more
            case .tooLong: return self.fail(.tooLarge)
            case .complete(let head, let rest): return self.takeHead(head, rest: rest)
            }
        case .counted(let left):
            self.response.body.append(contentsOf: input.prefix(left))
            let stillLeft = left - min(left, input.count)
            self.state = .counted(left: stillLeft)
            return stillLeft == 0 ? self.finish() : .more
        case .chunked(var body):
            return self.takeChunks(&body, input)
        case .untilEnd:
            guard self.response.body.count + input.count <= self.bodyLimit else { return self.fail(.tooLarge) }
            self.response.body.append(contentsOf: input)
            return .more
        case .finished:
            return .more
        }
    }

    /// The server closed its side.
    package mutating func ended() -> Step {
        switch self.state {
        case .untilEnd: return self.finish()
        case .finished: return .more
        case .head, .counted, .chunked: return self.fail(.endedEarly)
        }
    }

    private mutating func takeHead(_ bytes: [UInt8], rest: [UInt8]) -> Step {
        guard let head = try? HTTPHead(parsing: bytes), let status = Self.status(head.startLine),
            let length = HTTPBodyLength(head.fields)
        else { return self.fail(.malformed) }
        // An interim response; the real one follows.
        if (100..<200).contains(status), status != 101 {
            self.interimCount += 1
            guard self.interimCount <= Self.maximumInterims else { return self.fail(.malformed) }
            return rest.isEmpty ? .more : self.receive(rest)
        }
        self.response.status = status
        self.response.fields = head.fields
        if status == 204 || status == 304 { return self.finish() }
        switch length {
        case .bytes(let count) where count > self.bodyLimit: return self.fail(.tooLarge)
        case .bytes(0): return self.finish()
        case .bytes(let count): self.state = .counted(left: count)
        case .chunked: self.state = .chunked(HTTPChunkedBody(limit: self.bodyLimit))
        case .unstated: self.state = .untilEnd
        }
        return rest.isEmpty ? .more : self.receive(rest)
    }

    private mutating func takeChunks(_ body: inout HTTPChunkedBody, _ input: [UInt8]) -> Step {
        switch body.receive(input) {
        case .more:
            self.state = .chunked(body)
            return .more
        case .finished:
            self.response.body = body.bytes
            return self.finish()
        case .malformed: return self.fail(.malformed)
        case .tooLarge: return self.fail(.tooLarge)
        }
    }

    private mutating func finish() -> Step {
        self.state = .finished
        return .response(self.response)
    }

    private mutating func fail(_ failure: Failure) -> Step {
        self.state = .finished
        return .failed(failure)
    }

    private static func status(_ line: String) -> Int? {
        let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0] == "HTTP/1.1" || parts[0] == "HTTP/1.0", parts[1].utf8.count == 3,
            parts[1].utf8.allSatisfy({ (48...57).contains($0) }), let status = Int(parts[1]), status >= 100
        else { return nil }
        return status
    }
}
