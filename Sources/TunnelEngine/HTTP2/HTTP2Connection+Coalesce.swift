extension HTTP2Connection {
    /// Copies a small DATA frame into ``output``, so that it shares a TLS record with its neighbours.
    ///
    /// False, and nothing is queued, when `bytes` are more than ``sendCapacity(_:)`` allows.
    func queueData(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return true }
        guard bytes.count <= self.sendCapacity(stream) else { return false }
        let frame = self.output.extend(by: HTTP2FrameHeader.byteCount + bytes.count)
        (frame + HTTP2FrameHeader.byteCount).copyMemory(from: base, byteCount: bytes.count)
        return self.writeDataHeader(stream, length: bytes.count, endStream: false, into: frame)
    }
}
