import MeshModel

@testable import TunnelEngine

/// Feeds the readers of HTTP/1.1 without I/O, whole and cut into single bytes.
enum HTTP1Reading {
    /// What was read of a message.
    struct Message<Head> {
        var head: Head
        var body: [UInt8] = []
        var trailers: [HeaderField] = []
        var isWhole = false
        /// Bytes behind the message.
        var rest: [UInt8] = []
    }

    /// Reads one request with its body.
    static func request(
        _ bytes: [UInt8],
        step: Int = .max,
        limits: HTTPLimits = HTTPLimits()
    ) -> Result<Message<HTTP1Request>?, HTTPRefusal> {
        var reader = HTTP1RequestReader(limits: limits)
        var message: Message<HTTP1Request>?
        var body = HTTP1BodyReader(.none, limits: limits)
        do throws(HTTPRefusal) {
            var at = 0
            while at < bytes.count {
                let piece = Array(bytes[at..<min(bytes.count, at &+ min(step, bytes.count))])
                if message == nil {
                    let (request, consumed) = try Self.lend(piece) { (input) throws(HTTPRefusal) in
                        try reader.read(input)
                    }
                    at += consumed
                    if let request {
                        message = Message(head: request)
                        body = HTTP1BodyReader(request.framing, limits: limits)
                        message?.isWhole = request.framing == .none
                    }
                } else {
                    if message?.isWhole == true { break }
                    at += try Self.readBody(piece, &body, &message)
                }
            }
            message?.rest = Array(bytes[at...])
            return .success(message)
        } catch {
            return .failure(error)
        }
    }

    /// Reads the first final response with its body, and the informational ones before it.
    static func response(
        _ bytes: [UInt8],
        answering request: HTTP1ResponseReader.Request = .init(),
        step: Int = .max,
        limits: HTTPLimits = HTTPLimits()
    ) -> Result<(message: Message<HTTP1Response>?, informational: [HTTPResponseHead]), HTTPRefusal> {
        var reader = HTTP1ResponseReader(limits: limits)
        var message: Message<HTTP1Response>?
        var informational: [HTTPResponseHead] = []
        var body = HTTP1BodyReader(.none, limits: limits)
        do throws(HTTPRefusal) {
            var at = 0
            while at < bytes.count {
                let piece = Array(bytes[at..<min(bytes.count, at &+ min(step, bytes.count))])
                if message == nil {
                    let (response, consumed) = try Self.lend(piece) { (input) throws(HTTPRefusal) in
                        try reader.read(input, answering: request)
                    }
                    at += consumed
                    guard let response else { continue }
                    if response.head.status < 200, response.head.status != 101 {
                        informational.append(response.head)
                        continue
                    }
                    message = Message(head: response)
                    body = HTTP1BodyReader(response.framing, limits: limits)
                    message?.isWhole = response.framing == .none
                } else {
                    if message?.isWhole == true { break }
                    at += try Self.readBody(piece, &body, &message)
                }
            }
            message?.rest = Array(bytes[at...])
            return .success((message, informational))
        } catch {
            return .failure(error)
        }
    }

    private static func readBody<Head>(
        _ piece: [UInt8],
        _ body: inout HTTP1BodyReader,
        _ message: inout Message<Head>?
    ) throws(HTTPRefusal) -> Int {
        let step = try Self.lend(piece) { (input) throws(HTTPRefusal) in try body.read(input) }
        message?.body += piece[step.data]
        if step.isEnd {
            message?.isWhole = true
            message?.trailers = body.trailers
        }
        return step.consumed
    }

    private static func lend<Value>(
        _ bytes: [UInt8],
        _ body: (UnsafeRawBufferPointer) throws(HTTPRefusal) -> Value
    ) throws(HTTPRefusal) -> Value {
        let result = bytes.withUnsafeBytes { input -> Result<Value, HTTPRefusal> in
            do throws(HTTPRefusal) { return .success(try body(input)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// Why a request is refused; nil when it isn't.
    static func refusal(_ text: String, limits: HTTPLimits = HTTPLimits()) -> HTTPRefusal? {
        Self.refusal(Array(text.utf8), limits: limits)
    }

    /// Why a request is refused; nil when it isn't.
    static func refusal(_ bytes: [UInt8], limits: HTTPLimits = HTTPLimits()) -> HTTPRefusal? {
        if case .failure(let refusal) = Self.request(bytes, limits: limits) { refusal } else { nil }
    }
}
