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
    private let relayBase: UnsafeMutableRawBufferPointer

    init() {
        self.ciphertext = .allocate(byteCount: Self.ciphertextBytes, alignment: 64)
        self.plaintext = .allocate(byteCount: Self.plaintextBytes, alignment: 64)
        self.carried = .allocate(byteCount: Self.carriedBytes, alignment: 64)
        self.relayBase = .allocate(byteCount: Self.headroomBytes + Self.relayBytes, alignment: 64)
        self.relay = UnsafeMutableRawBufferPointer(rebasing: self.relayBase[Self.headroomBytes...])
    }

    deinit {
        self.ciphertext.deallocate()
        self.plaintext.deallocate()
        self.carried.deallocate()
        self.relayBase.deallocate()
    }
}
