/// Sends bodies whose length is not known before (RFC 9112 §7.1).
enum HTTP1Chunks {
    /// Sends a chunk, and behind the last one what says so.
    static func send(_ data: UnsafeRawBufferPointer, endStream: Bool, on bytes: ByteStream) {
        if data.count > 0 {
            bytes.gather { HTTP1Writer.writeChunkStart(data.count, into: &$0) }
            bytes.send(data)
        }
        guard data.count > 0 || endStream else { return }
        bytes.gather {
            if data.count > 0 { HTTP1Writer.writeChunkEnd(into: &$0) }
            if endStream { HTTP1Writer.writeEnd(trailers: [], into: &$0) }
        }
    }
}
