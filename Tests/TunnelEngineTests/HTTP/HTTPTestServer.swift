import MeshModel

@testable import TunnelEngine

/// The owner of serving connections in a test: answers as it is told, and notes what happened.
final class HTTPTestServer: HTTPServerConnectionOwner {
    typealias Handler = (HTTPTestServer, HTTPStream, HTTPRequestHead, Bool) -> Void

    var handler: Handler
    var requests: [HTTPRequestHead] = []
    var streams: [HTTPTestStream] = []
    var refusals: [HTTPRefusal] = []
    var outcomes: [RelayOutcome] = []

    init(_ handler: @escaping Handler = HTTPTestServer.echo) { self.handler = handler }

    /// Sends back the body, and in trailers how long it was.
    static func echo(_ server: HTTPTestServer, _ stream: HTTPStream, _ request: HTTPRequestHead, _ endStream: Bool) {
        let owner = server.own(stream)
        owner.onEvent = { stream in
            guard owner.isEnded, owner.response == nil else { return }
            owner.response = HTTPResponseHead(status: 200)
            let fields = [HeaderField("x-method", request.method), HeaderField("x-path", request.path)]
            stream.send(response: HTTPResponseHead(status: 200, fields: fields), endStream: false)
            owner.send(owner.body, on: stream, ending: [HeaderField("x-length", String(owner.body.count))])
        }
        if endStream {
            owner.isEnded = true
            owner.onEvent(stream)
        }
    }

    /// Answers at once with a short body.
    static func answer(_ status: Int, _ text: String) -> Handler {
        { server, stream, _, _ in
            _ = server.own(stream)
            let length = HeaderField("content-length", String(text.utf8.count))
            stream.send(response: HTTPResponseHead(status: status, fields: [length]), endStream: text.isEmpty)
            if !text.isEmpty { stream.send(Array(text.utf8), endStream: true) }
        }
    }

    func own(_ stream: HTTPStream) -> HTTPTestStream {
        let owner = HTTPTestStream()
        owner.stream = stream
        stream.owner = owner
        self.streams.append(owner)
        return owner
    }

    func connection(
        _ connection: HTTPServerConnection,
        opened stream: HTTPStream,
        request: HTTPRequestHead,
        endStream: Bool
    ) {
        self.requests.append(request)
        self.handler(self, stream, request, endStream)
    }

    func connection(_ connection: HTTPServerConnection, refused refusal: HTTPRefusal) { self.refusals.append(refusal) }

    func connectionEnded(_ connection: HTTPServerConnection, _ outcome: RelayOutcome) { self.outcomes.append(outcome) }
}

/// The owner of asking connections in a test.
final class HTTPTestClient: HTTPClientConnectionOwner {
    var changes = 0
    var outcomes: [RelayOutcome] = []

    func connectionCapacityChanged(_ connection: HTTPClientConnection) { self.changes += 1 }
    func connectionEnded(_ connection: HTTPClientConnection, _ outcome: RelayOutcome) { self.outcomes.append(outcome) }
}

/// The owner of a byte stream that is about to be taken over.
final class ByteStreamNobody: ByteStreamOwner {
    func byteStream(_ stream: ByteStream, received bytes: UnsafeRawBufferPointer) {}
    func byteStreamReceivedEnd(_ stream: ByteStream) {}
    func byteStreamCanSend(_ stream: ByteStream) {}
    func byteStreamEnded(_ stream: ByteStream, _ outcome: RelayOutcome) {}
}
