package import MeshModel

/// Finds a body's bytes and its end (RFC 9112 §6, §7). Bodies are not copied: what belongs to them is told as a range.
package struct HTTP1BodyReader: ~Copyable {
    /// What one call found.
    package struct Step {
        /// Bytes that are done with, those of `data` among them.
        package var consumed = 0
        /// Where in the input the next bytes of the body lie.
        package var data = 0..<0
        /// The body ends here.
        package var isEnd = false
    }

    private enum Phase {
        case counted(Int)
        case chunkSize(digits: Int, size: UInt64)
        case chunkExtension(size: UInt64)
        case chunkSizeEnd(size: UInt64)
        case chunkData(Int)
        case chunkEnd(isLineFeed: Bool)
        case trailers
        case endless
        case done
    }

    private var phase: Phase
    private let limits: HTTPLimits
    private var extensionBytes = 0
    private var lines = HTTP1Lines()
    private var block = HTTP1FieldBlock()
    /// What came behind the last chunk, once the body has ended.
    package private(set) var trailers: [HeaderField] = []

    /// A reader at the start of a body.
    package init(_ framing: HTTP1Framing, limits: HTTPLimits) {
        self.limits = limits
        switch framing {
        case .none: self.phase = .done
        case .length(let count): self.phase = count > 0 ? .counted(count) : .done
        case .chunked: self.phase = .chunkSize(digits: 0, size: 0)
        case .untilClose, .raw: self.phase = .endless
        }
    }

    /// Whether the body has ended.
    var isDone: Bool { if case .done = self.phase { true } else { false } }

    /// Whether the end of the connection is the body's.
    var endsWithConnection: Bool { if case .endless = self.phase { true } else { false } }

    /// Reads on, to the end of the next piece of the body, the body's end, or the input's.
    package mutating func read(_ input: UnsafeRawBufferPointer) throws(HTTPRefusal) -> Step {
        var at = 0
        while at < input.count {
            switch self.phase {
            case .counted(let left):
                let count = min(left, input.count - at)
                self.phase = count == left ? .done : .counted(left - count)
                return Step(consumed: at + count, data: at..<at + count, isEnd: count == left)
            case .chunkData(let left):
                let count = min(left, input.count - at)
                self.phase = count == left ? .chunkEnd(isLineFeed: false) : .chunkData(left - count)
                return Step(consumed: at + count, data: at..<at + count)
            case .endless:
                return Step(consumed: input.count, data: at..<input.count)
            case .trailers:
                at += try self.readTrailers(UnsafeRawBufferPointer(rebasing: input[at...]))
                if self.isDone { return Step(consumed: at, isEnd: true) }
            case .done:
                return Step(consumed: at, isEnd: true)
            default:
                try self.readFraming(input[at])
                at += 1
            }
        }
        return Step(consumed: at)
    }

    /// One byte of what stands around the chunks.
    private mutating func readFraming(_ byte: UInt8) throws(HTTPRefusal) {
        switch self.phase {
        case .chunkSize(let digits, let size):
            if let value = HTTP1Bytes.hexValue(byte) {
                guard digits < 16, size < 1 << 58 else { throw .chunkInvalid }
                self.phase = .chunkSize(digits: digits + 1, size: size << 4 | value)
            } else if digits == 0 {
                throw .chunkInvalid
            } else if byte == HTTP1Bytes.carriageReturn {
                self.phase = .chunkSizeEnd(size: size)
            } else if byte == UInt8(ascii: ";") {
                self.phase = .chunkExtension(size: size)
                try self.countExtension()
            } else {
                throw .chunkInvalid
            }
        case .chunkExtension(let size):
            if byte == HTTP1Bytes.carriageReturn {
                self.phase = .chunkSizeEnd(size: size)
            } else {
                guard HTTP1Bytes.isValue(byte) else { throw .chunkInvalid }
                try self.countExtension()
            }
        case .chunkSizeEnd(let size):
            guard byte == HTTP1Bytes.lineFeed else { throw .chunkInvalid }
            self.phase = size == 0 ? .trailers : .chunkData(Int(size))
        case .chunkEnd(let isLineFeed):
            guard byte == (isLineFeed ? HTTP1Bytes.lineFeed : HTTP1Bytes.carriageReturn) else { throw .chunkInvalid }
            self.phase = isLineFeed ? .chunkSize(digits: 0, size: 0) : .chunkEnd(isLineFeed: true)
        default:
            break
        }
    }

    private mutating func countExtension() throws(HTTPRefusal) {
        self.extensionBytes += 1
        guard self.extensionBytes <= self.limits.chunkExtensionBytes else { throw .chunkExtensionTooLong }
    }

    private mutating func readTrailers(_ input: UnsafeRawBufferPointer) throws(HTTPRefusal) -> Int {
        var at = 0
        while at < input.count {
            let rest = UnsafeRawBufferPointer(rebasing: input[at...])
            let (line, consumed) = try self.lines.next(rest, limit: self.limits.headBytes)
            at += consumed
            guard let line else { break }
            guard line.isEmpty else {
                try self.block.add(line, limit: self.limits.fields)
                continue
            }
            self.block.removeNominated()
            self.block.removeWhatTrailersMayNotHave()
            self.trailers = self.block.fields
            self.phase = .done
            break
        }
        return at
    }
}
