package import MeshModel

/// One exchange on a connection, in one form for HTTP/1.1 and HTTP/2: a request and its response.
///
/// Confined to its connection's loop. Upgrades have one form, too: a request with `upgrade` (its method is GET also where
/// HTTP/2 has an extended CONNECT) and a response with status 101, after which bytes flow both ways until each side ends.
package class HTTPStream {
    /// Who hears of it; held until the stream ends.
    package final var owner: (any HTTPStreamOwner)?
    /// What the connection speaks.
    package final let version: HTTPVersion
    /// Our direction has ended.
    package internal(set) final var isSendClosed = false
    /// The peer's direction has ended.
    package internal(set) final var isReceiveClosed = false
    /// Both directions ended, or the stream was cut: nothing comes any more, and nothing is sent.
    package internal(set) final var isEnded = false
    /// Bytes of body that came.
    package internal(set) final var bytesReceived: UInt64 = 0
    /// Bytes of body that were sent.
    package internal(set) final var bytesSent: UInt64 = 0

    init(version: HTTPVersion) { self.version = version }

    /// Server: sends an informational response (1xx, but 101); HTTP/1.0 has none, and there it is left out.
    package func sendInformational(_ head: HTTPResponseHead) {}

    /// Server: sends the response.
    ///
    /// False, and nothing is sent, when one was sent before or the head can't be said in this version of HTTP: then the
    /// owner answers otherwise or resets the stream.
    @discardableResult
    package func send(response head: HTTPResponseHead, endStream: Bool) -> Bool { false }

    /// How many bytes of the body should be sent at most now; after 0 the owner hears when there is room again.
    package func capacity() -> Int { 0 }

    /// Sends bytes of the body, at most what ``capacity()`` allowed.
    package func send(_ data: UnsafeRawBufferPointer, endStream: Bool) {}

    /// Ends our direction with fields behind the body; where there is no place for them only the end is said.
    package func send(trailers: [HeaderField]) {}

    /// Gives back bytes of the body that have left, so that more may come.
    package func consumed(_ count: Int) {}

    /// Ends the stream at once; the owner hears no more. Where the code can't be said, the connection ends.
    package func reset(_ code: HTTP2ErrorCode) {}

    /// Ends our direction.
    package final func finish() { self.send(UnsafeRawBufferPointer(start: nil, count: 0), endStream: true) }

    /// Sends bytes of the body.
    package final func send(_ data: [UInt8], endStream: Bool) {
        data.withUnsafeBytes { self.send($0, endStream: endStream) }
    }
}
