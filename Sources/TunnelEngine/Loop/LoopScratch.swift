import Glibc

/// Buffers that a loop lends to the connection it is serving.
///
/// They live as long as the loop. A borrower uses one for the length of a call and never across turns.
package final class LoopScratch {
    /// What one `recv` of ciphertext takes at most.
    package static let ciphertextBytes = 128 * 1024
    /// Plaintext that is handed on together; a TLS record holds 16 KiB of it.
    package static let plaintextBytes = 128 * 1024
    /// What one read of carried plaintext takes at most: a TLS record's.
    package static let carriedBytes = 16 * 1024
    /// What one `recv` from an application takes at most.
    package static let relayBytes = 64 * 1024
    /// Free bytes before the relay buffer, where a frame header is written in place.
    package static let headroomBytes = 16

    /// Ciphertext as it came from the socket.
    package let ciphertext: UnsafeMutableRawBufferPointer
    /// Plaintext of some TLS records.
    package let plaintext: UnsafeMutableRawBufferPointer
    /// Plaintext of one TLS record that came inside of another TLS session, whose own is still in use.
    package let carried: UnsafeMutableRawBufferPointer
    /// Application bytes on their way into a tunnel, after the headroom.
    package let relay: UnsafeMutableRawBufferPointer
    /// All of them, in pages of their own: from the heap they would get pages that were used before, and keep them.
    private let whole: UnsafeMutableRawBufferPointer

    /// Throws when the system has no memory for them.
    init() throws(SocketError) {
        let count =
            Self.ciphertextBytes + Self.plaintextBytes + Self.carriedBytes + Self.headroomBytes + Self.relayBytes
        let kind = Int32(MAP_PRIVATE) | Int32(MAP_ANONYMOUS)
        guard let base = mmap(nil, count, PROT_READ | PROT_WRITE, kind, -1, 0), base != MAP_FAILED else {
            throw SocketError(code: errno, call: "mmap")
        }
        let whole = UnsafeMutableRawBufferPointer(start: base, count: count)
        var start = 0
        func next(_ count: Int) -> UnsafeMutableRawBufferPointer {
            defer { start += count }
            return UnsafeMutableRawBufferPointer(rebasing: whole[start..<start + count])
        }
        self.whole = whole
        self.ciphertext = next(Self.ciphertextBytes)
        self.plaintext = next(Self.plaintextBytes)
        self.carried = next(Self.carriedBytes)
        _ = next(Self.headroomBytes)
        self.relay = next(Self.relayBytes)
    }

    deinit { munmap(self.whole.baseAddress, self.whole.count) }

    /// Gives the pages back to the system until they are needed again, with what is in them.
    func release() { madvise(self.whole.baseAddress, self.whole.count, Int32(MADV_DONTNEED)) }
}
