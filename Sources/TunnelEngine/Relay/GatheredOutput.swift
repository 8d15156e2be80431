import CMeshLinux
import Glibc

/// What one socket gets of a batch of plaintext, sent with one call instead of one for each frame.
///
/// A link opens it while it reads, and closes it before the loop's plaintext is written anew: the pieces are lent, not
/// copied. Confined to its loop.
final class GatheredOutput {
    /// Pieces that one call sends; a batch of plaintext has eight whole records.
    private static let most = 16

    private let plaintext: Range<UInt>
    private let pieces: UnsafeMutablePointer<mesh_piece>
    private var count = 0
    private var bytes = 0
    private var end: SocketEnd?
    private var isOpen = false

    init(plaintext: UnsafeMutableRawBufferPointer) {
        let start = UInt(bitPattern: plaintext.baseAddress)
        self.plaintext = start..<start + UInt(plaintext.count)
        self.pieces = .allocate(capacity: Self.most)
    }

    deinit { self.pieces.deallocate() }

    /// Begins to gather.
    func open() { self.isOpen = true }

    /// Sends what was gathered, and gathers no more.
    func close() {
        self.isOpen = false
        self.flush()
    }

    /// Sends what was gathered.
    @inline(__always)
    func flush() {
        if self.count > 0 { self.send() }
    }

    /// Sends what was gathered for this end, before something else happens to it.
    @inline(__always)
    func flush(_ end: SocketEnd) {
        if self.end === end { self.flush() }
    }

    /// Takes a piece for a socket; false when it can't be lent for long enough, and what came before it is sent.
    @inline(__always)
    func add(_ piece: UnsafeRawBufferPointer, for end: SocketEnd) -> Bool {
        guard self.isOpen, self.plaintext.contains(UInt(bitPattern: piece.baseAddress)) else {
            self.flush(end)
            return false
        }
        if self.end !== end || self.count == Self.most { self.flush() }
        self.pieces[self.count] = mesh_piece(bytes: piece.baseAddress, count: piece.count)
        self.count += 1
        self.bytes += piece.count
        self.end = end
        return true
    }

    private func send() {
        let (end, count, bytes) = (self.end, self.count, self.bytes)
        // A failure ends connections, which may look here.
        self.end = nil
        self.count = 0
        self.bytes = 0
        end?.send(UnsafeBufferPointer(start: self.pieces, count: count), bytes: bytes)
    }
}
