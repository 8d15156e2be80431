/// Who reads and writes a byte stream.
///
/// Events come from the loop, never from within a call that the owner makes on the same stream.
package protocol ByteStreamOwner: AnyObject {
    /// Bytes came; they are the owner's only for the length of the call. Each is given back by
    /// ``ByteStream/consumed(_:)`` once it has left, or else no more come.
    func byteStream(_ stream: ByteStream, received bytes: UnsafeRawBufferPointer)
    /// The peer will send no more.
    func byteStreamReceivedEnd(_ stream: ByteStream)
    /// There is room again, after ``ByteStream/capacity()`` said 0.
    func byteStreamCanSend(_ stream: ByteStream)
    /// TLS stands and the peer is who it should be; comes before any bytes, for streams with TLS alone.
    func byteStreamOpened(_ stream: ByteStream)
    /// The stream is gone. Called once, also after the owner's own `close`, and nothing is called after it.
    func byteStreamEnded(_ stream: ByteStream, _ outcome: RelayOutcome)
}

extension ByteStreamOwner {
    package func byteStreamOpened(_ stream: ByteStream) {}
}
