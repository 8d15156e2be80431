package import MeshModel

/// A CONNECT request that a peer made on a served link, not yet answered.
///
/// Answer it exactly once, with `accept` or `refuse`, on the link's loop; asking twice does nothing.
package final class TunnelRequest {
    /// The peer's verified identity: its first SPIFFE URI.
    package let peerIdentity: String?
    /// The peer's TCP address.
    package let peer: SocketAddress
    /// The address the peer connected to.
    package let local: SocketAddress?
    /// `:authority`, as the peer wrote it.
    package let authority: String
    /// All headers of the request.
    package let headers: [HTTP2Header]
    private let link: Link
    private let stream: HTTP2Stream
    private let end: StreamEnd
    private var isAnswered = false

    init(link: Link, stream: HTTP2Stream, authority: String, headers: [HTTP2Header], endStream: Bool) {
        self.link = link
        self.stream = stream
        self.authority = authority
        self.headers = headers
        self.peerIdentity = link.peerIdentity
        self.peer = link.peer
        self.local = link.local
        self.end = StreamEnd(link: link, stream: stream)
        if endStream { self.end.streamHeaders(stream, [], endStream: true) }
    }

    /// The loop that the request lives on.
    package var loop: EventLoop { self.link.loop }

    /// Whether the peer gave up.
    package var isReset: Bool { self.end.isReset }

    /// Called when the peer gives up before the answer.
    package func onReset(_ handler: @escaping () -> Void) { self.end.onEarlyReset = handler }

    /// The first value of a header.
    package func header(_ name: String) -> String? { self.headers.first(named: name) }

    /// Answers 200 and gives the stream for a relay.
    package func accept(headers: [HTTP2Header] = []) -> StreamEnd? {
        guard !self.isAnswered, !self.isReset else { return nil }
        self.isAnswered = true
        guard self.link.sendHeaders(self.stream, [HTTP2Header(":status", "200")] + headers, endStream: false) else {
            self.end.close(isAbortive: true)
            return nil
        }
        return self.end
    }

    /// Answers with an error status and ends the stream.
    package func refuse(status: Int) {
        guard !self.isAnswered, !self.isReset else { return }
        self.isAnswered = true
        let isSent = self.link.sendHeaders(self.stream, [HTTP2Header(":status", String(status))], endStream: true)
        // The peer may go on sending; NO_ERROR asks it to stop without calling the answer a failure (RFC 9113 §8.1).
        self.end.close(isAbortive: !isSent)
    }

    /// A request that was forgotten must not keep its peer waiting.
    deinit {
        if !self.isAnswered, !self.isReset { self.end.close(isAbortive: true) }
    }
}
