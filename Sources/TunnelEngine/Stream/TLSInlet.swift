/// The side of a ``TLSEnd`` that its carrier sees: takes ciphertext.
final class TLSInlet: RelayEnd {
    private let end: TLSEnd

    init(_ end: TLSEnd) { self.end = end }

    func capacity() -> Int { self.end.room() }
    func take(_ bytes: UnsafeRawBufferPointer) { self.end.arrived(bytes) }
    func takeEnd() { self.end.endArrived() }
    func resume() { self.end.flush() }
    func credited(_ count: Int) { self.end.left(count) }
    func close(isAbortive: Bool) { self.end.release() }
}
