/// The relay end behind which there is no other socket or stream but our own code: a ``ByteStream``.
final class ByteStreamInlet: RelayEnd {
    private let stream: ByteStream

    init(_ stream: ByteStream) { self.stream = stream }

    func capacity() -> Int { self.stream.receiveRoom() }
    func take(_ bytes: UnsafeRawBufferPointer) { self.stream.arrived(bytes) }
    func takeEnd() { self.stream.endArrived() }
    func resume() { self.stream.transportHasRoom() }
    func credited(_ count: Int) { self.stream.left(count) }
    /// The stream hears of its relay's end as the relay's observer.
    func close(isAbortive: Bool) {}
}
