/// A connection that carries HTTP/2 streams of ours: a ``Link``, or a ``ClearLink`` where there is no TLS.
package protocol StreamCarrier: AnyObject {
    /// The loop that it is confined to.
    var loop: EventLoop { get }
    /// Opens a stream; nil when the peer takes no more.
    func openStream(headers: [HTTP2Header], endStream: Bool, owner: any HTTP2StreamOwner) -> HTTP2Stream?
    /// How many bytes the stream may send now; after 0 the owner hears of an opened window, but not of room in the
    /// output, and asks again after a while.
    func capacity(of stream: HTTP2Stream) -> Int
    /// Sends bytes of the stream, at most what ``capacity(of:)`` allowed.
    func sendData(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer)
    /// Ends the stream's sending side after what was sent before.
    func finish(_ stream: HTTP2Stream)
    /// Resets the stream.
    func reset(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode)
    /// Grants the peer credit for bytes that were taken.
    func consumed(_ stream: HTTP2Stream, _ count: Int)
}

extension Link: StreamCarrier {
    package func capacity(of stream: HTTP2Stream) -> Int { self.sendCapacity(stream, for: nil) }
}
