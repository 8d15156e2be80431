/// Cuts arriving bytes into lines that end in CRLF, as RFC 9112 §2.2 asks without its leniency for a bare LF.
///
/// A line that is whole in the caller's buffer is not copied.
struct HTTP1Lines: ~Copyable {
    private var partial = ByteQueue()
    private var lineIsLent = false
    /// Bytes taken since the last `reset`, line ends included.
    private(set) var taken = 0

    /// The next line without its end, or nil when it is not whole yet; then all of `input` was taken.
    ///
    /// The line is good until the next call, and as long as `input` is.
    /// - Parameter limit: how many bytes all lines may have together.
    mutating func next(
        _ input: UnsafeRawBufferPointer,
        limit: Int
    ) throws(HTTPRefusal) -> (line: UnsafeRawBufferPointer?, consumed: Int) {
        if self.lineIsLent {
            self.lineIsLent = false
            self.partial.clear()
        }
        guard let index = HTTP1Bytes.index(of: HTTP1Bytes.lineFeed, in: input) else {
            self.taken += input.count
            guard self.taken <= limit else { throw .headTooLarge }
            self.partial.append(input)
            return (nil, input.count)
        }
        self.taken += index + 1
        guard self.taken <= limit else { throw .headTooLarge }
        var line = UnsafeRawBufferPointer(rebasing: input[..<index])
        if !self.partial.isEmpty {
            self.partial.append(line)
            self.lineIsLent = true
            line = self.partial.bytes
        }
        guard line.last == HTTP1Bytes.carriageReturn else { throw .lineInvalid }
        return (UnsafeRawBufferPointer(rebasing: line.dropLast()), index + 1)
    }

    /// Whether anything was taken since the last `reset`.
    var isFresh: Bool { self.taken == 0 }

    /// Begins to count anew.
    mutating func reset() {
        self.partial.clear()
        self.lineIsLent = false
        self.taken = 0
    }
}
