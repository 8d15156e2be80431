import MeshModel
import TunnelEngine

/// Sends the same request again and again over one connection inside of a tunnel.
protocol ScriptCalls: ByteStreamOwner {
    /// Takes the connection over.
    func begin(on bytes: ByteStream)
    /// Sends the request.
    func call()
}

/// The same over HTTP/1.1: bytes known by heart.
final class HTTP1Calls: ScriptCalls {
    private let next: () -> Void
    private var bytes: ByteStream?
    private var tail: [UInt8] = []

    /// - Parameter next: called when a request may be sent: at the beginning and after each answer.
    init(_ next: @escaping () -> Void) { self.next = next }

    func begin(on bytes: ByteStream) {
        self.bytes = bytes
        self.next()
    }

    func call() { self.bytes?.send(ScriptMessages.request) }

    func byteStream(_ stream: ByteStream, received bytes: UnsafeRawBufferPointer) {
        stream.consumed(bytes.count)
        self.tail = Array((self.tail + bytes.suffix(ScriptMessages.end.count)).suffix(ScriptMessages.end.count))
        guard self.tail == ScriptMessages.end else { return }
        self.tail = []
        self.next()
    }
    func byteStreamReceivedEnd(_ stream: ByteStream) { Script.fail("the tunnel was ended") }
    func byteStreamCanSend(_ stream: ByteStream) {}
    func byteStreamEnded(_ stream: ByteStream, _ outcome: RelayOutcome) { self.bytes = nil }
}

/// The same over HTTP/2.
final class HTTP2Calls: ScriptCalls, HTTPClientConnectionOwner, HTTPStreamOwner {
    private let next: () -> Void
    private let head = HTTPRequestHead(
        method: "GET",
        authority: ScriptMessages.authority,
        path: ScriptMessages.path,
        fields: ScriptMessages.fields
    )
    private var connection: HTTPClientConnection?

    init(_ next: @escaping () -> Void) { self.next = next }

    func begin(on bytes: ByteStream) {
        self.connection = HTTPClientConnection(over: bytes, version: .http2, owner: self)
        self.next()
    }

    func call() {
        guard self.connection?.openStream(request: self.head, endStream: true, owner: self) != nil else {
            Script.fail("no stream")
        }
    }

    func stream(_ stream: HTTPStream, informational head: HTTPResponseHead) {}
    func stream(_ stream: HTTPStream, response head: HTTPResponseHead, endStream: Bool) {
        if head.status != 200 { Script.fail("status \(head.status)") }
    }
    func stream(_ stream: HTTPStream, data: UnsafeRawBufferPointer, endStream: Bool) {
        stream.consumed(data.count)
        if endStream { self.next() }
    }
    func stream(_ stream: HTTPStream, trailers: [HeaderField]) {}
    func streamCanSend(_ stream: HTTPStream) {}
    func streamReset(_ stream: HTTPStream, _ failure: HTTPStreamFailure) { Script.fail("a stream was cut: \(failure)") }
    func connectionCapacityChanged(_ connection: HTTPClientConnection) {}
    func connectionEnded(_ connection: HTTPClientConnection, _ outcome: RelayOutcome) { self.connection = nil }

    // The connection takes its bytes itself.
    func byteStream(_ stream: ByteStream, received bytes: UnsafeRawBufferPointer) {}
    func byteStreamReceivedEnd(_ stream: ByteStream) {}
    func byteStreamCanSend(_ stream: ByteStream) {}
    func byteStreamEnded(_ stream: ByteStream, _ outcome: RelayOutcome) {}
}
