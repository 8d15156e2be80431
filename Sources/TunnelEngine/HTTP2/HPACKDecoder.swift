import MeshModel

/// Decodes header blocks (RFC 7541). One a connection, as its table carries over from block to block.
///
/// Any error leaves the table in doubt and so must end the connection.
struct HPACKDecoder {
    private var table = HPACKTable()
    /// Bytes that the decoded list may have: name, value and 32 a field.
    private let listLimit: Int

    init(listLimit: Int) {
        self.listLimit = listLimit
    }

    /// Decodes a whole block. Stops as soon as the list passes its limit.
    mutating func decode(_ block: UnsafeRawBufferPointer) throws(HTTP2Error) -> [HTTP2Header] {
        var reader = HPACKReader(block)
        var headers: [HTTP2Header] = []
        var room = self.listLimit
        while let first = reader.peek() {
            let header: HTTP2Header
            switch first.leadingZeroBitCount {
            case 0:
                header = try self.field(at: try reader.integer(prefix: 7))
            case 1:
                header = try self.literal(&reader, prefix: 6, sensitive: false, room: room)
                self.table.insert(header)
            case 2:
                guard headers.isEmpty else { throw HTTP2Error(.compressionError, .hpackTableSizeInvalid) }
                try self.resize(to: try reader.integer(prefix: 5))
                continue
            case 3:
                header = try self.literal(&reader, prefix: 4, sensitive: true, room: room)
            default:
                header = try self.literal(&reader, prefix: 4, sensitive: false, room: room)
            }
            room -= header.listSize
            guard room >= 0 else { throw HTTP2Error(.enhanceYourCalm, .headerListTooLarge) }
            headers.append(header)
        }
        return headers
    }

    /// A size update must come first in its block and keep to what we allow, the default (RFC 7541 §4.2).
    private mutating func resize(to size: Int) throws(HTTP2Error) {
        guard size <= HPACKTable.defaultMaximumSize else { throw HTTP2Error(.compressionError, .hpackTableSizeInvalid) }
        self.table.setMaximumSize(size)
    }

    private func literal(
        _ reader: inout HPACKReader,
        prefix: Int,
        sensitive: Bool,
        room: Int
    ) throws(HTTP2Error) -> HTTP2Header {
        let index = try reader.integer(prefix: prefix)
        let name = index == 0 ? try reader.string(limit: room) : try self.field(at: index).name
        return HTTP2Header(name, try reader.string(limit: room), sensitive: sensitive)
    }

    private func field(at index: Int) throws(HTTP2Error) -> HTTP2Header {
        let fixed = HPACKStaticTable.entries
        if index >= 1, index <= fixed.count { return fixed[index - 1] }
        guard let entry = self.table[index - fixed.count - 1], index > 0 else {
            throw HTTP2Error(.compressionError, .hpackIndexInvalid)
        }
        return entry
    }
}

/// Reads the integers and strings of a header block (RFC 7541 §5).
struct HPACKReader {
    private let block: UnsafeRawBufferPointer
    private var offset = 0

    init(_ block: UnsafeRawBufferPointer) {
        self.block = block
    }

    /// The next byte, or nil at the end.
    func peek() -> UInt8? {
        self.offset < self.block.count ? self.block[self.offset] : nil
    }

    /// An integer whose first `prefix` bits share a byte with flags. At most 2²⁸, in at most five bytes.
    mutating func integer(prefix: Int) throws(HTTP2Error) -> Int {
        let mask = UInt8(truncatingIfNeeded: (1 << prefix) - 1)
        let first = try self.byte() & mask
        guard first == mask else { return Int(first) }
        var value = Int(mask)
        var shift = 0
        while shift <= 21 {
            let next = try self.byte()
            value += Int(next & 0x7f) << shift
            if next & 0x80 == 0 { return value }
            shift += 7
        }
        throw HTTP2Error(.compressionError, .hpackIntegerTooLarge)
    }

    /// A string of at most `limit` bytes, Huffman-coded or plain.
    mutating func string(limit: Int) throws(HTTP2Error) -> String {
        guard let first = self.peek() else { throw HTTP2Error(.compressionError, .hpackTruncated) }
        let length = try self.integer(prefix: 7)
        guard length <= self.block.count - self.offset else { throw HTTP2Error(.compressionError, .hpackTruncated) }
        let bytes = UnsafeRawBufferPointer(rebasing: self.block[self.offset..<self.offset + length])
        self.offset += length
        guard first & 0x80 != 0 else {
            guard length <= limit else { throw HTTP2Error(.enhanceYourCalm, .headerListTooLarge) }
            return Self.text(bytes.assumingMemoryBound(to: UInt8.self))
        }
        // The longest code has 30 bits and the shortest five: fewer bytes than this are never enough, more than
        // that never needed.
        guard length * 8 / 30 <= limit else { throw HTTP2Error(.enhanceYourCalm, .headerListTooLarge) }
        let longest = length * 8 / 5
        let text = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: min(longest, limit)) { space -> String? in
            guard let count = HPACKHuffman.decode(bytes, into: space) else { return nil }
            return Self.text(UnsafeBufferPointer(start: space.baseAddress, count: count))
        }
        guard let text else {
            // Too little space is possible only where the limit was the smaller bound.
            throw longest > limit
                ? HTTP2Error(.enhanceYourCalm, .headerListTooLarge)
                : HTTP2Error(.compressionError, .hpackHuffmanInvalid)
        }
        return text
    }

    private mutating func byte() throws(HTTP2Error) -> UInt8 {
        guard self.offset < self.block.count else { throw HTTP2Error(.compressionError, .hpackTruncated) }
        defer { self.offset += 1 }
        return self.block[self.offset]
    }

    /// Text must be UTF-8: a lossy repair would make us judge something else than what the far side reads. Other
    /// bytes become as many NULs, which ``HTTP2HeaderRules`` refuse, so that the fault stays with its stream.
    private static func text(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        String(validating: bytes, as: UTF8.self) ?? String(repeating: "\0", count: bytes.count)
    }
}
