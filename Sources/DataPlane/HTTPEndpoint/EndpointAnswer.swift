import TunnelEngine

/// An answer of one of our own endpoints, whose body may be made while the client takes it.
///
/// A large body never stands in memory as a whole: the next piece is asked for when the last ones have left.
package struct EndpointAnswer {
    /// The head, and the body where it is small.
    package var head: HTTPResponse
    /// A call gives the body's next piece, and nil at its end; nil where the head has the body. Pieces may be empty.
    package var pieces: (() -> [UInt8]?)?

    /// An answer whose body is at hand.
    package init(_ head: HTTPResponse) {
        self.head = head
    }

    /// An answer whose body comes in pieces.
    package init(contentType: String, pieces: @escaping () -> [UInt8]?) {
        self.head = HTTPResponse(status: 200, contentType: contentType, body: [])
        self.pieces = pieces
    }

    /// Bodies below this are not worth compressing.
    private static let compressionBytes = 1_024

    /// The same with its body compressed, if the request allows that and it is worth it.
    func encoded(for request: HTTPRequest) -> EndpointAnswer {
        let isLarge = self.pieces != nil || self.head.body.count >= Self.compressionBytes
        guard isLarge, self.head.status == 200, AcceptedEncoding.takesGzip(request.fields), !request.isHead,
            let encoder = GzipEncoder()
        else { return self }
        var answer = self
        answer.head.body = []
        answer.head.fields.append(HTTPField(name: "Content-Encoding", value: "gzip"))
        answer.head.fields.append(HTTPField(name: "Vary", value: "Accept-Encoding"))
        var rest: [UInt8]? = self.head.body
        let next =
            self.pieces ?? {
                defer { rest = nil }
                return rest
            }
        var isFinished = false
        answer.pieces = {
            guard !isFinished else { return nil }
            // A piece that can't be compressed ends the body early, which the client sees by the missing last chunk.
            if let piece = next() { return encoder.encode(piece) }
            isFinished = true
            return encoder.finish()
        }
        return answer
    }

    /// The whole body; takes the pieces.
    var body: [UInt8] {
        guard let next = self.pieces else { return self.head.body }
        var bytes: [UInt8] = []
        while let piece = next() { bytes += piece }
        return bytes
    }
}
