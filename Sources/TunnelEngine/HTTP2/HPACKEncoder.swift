import MeshModel

/// Encodes header blocks (RFC 7541). One a connection; equal lists in equal order give equal bytes.
///
/// Fields go into the dynamic table unless they are secret, differ with every request, or are large: those would only
/// push out what repeats.
struct HPACKEncoder {
    private var table = HPACKTable()
    /// The smallest and the last table size since the previous block; both must be told (RFC 7541 §4.2).
    private var announced: (smallest: Int, last: Int)?

    /// Names whose values seldom repeat.
    private static let volatile: Set<String> = [
        ":path", "age", "content-length", "content-range", "date", "etag", "expires", "forwarded", "grpc-message",
        "grpc-timeout", "if-modified-since", "if-none-match", "last-modified", "location", "traceparent",
        "tracestate", "x-b3-spanid", "x-b3-traceid", "x-forwarded-for", "x-request-id",
    ]

    /// Takes the peer's SETTINGS_HEADER_TABLE_SIZE; we never use more than the default.
    mutating func setPeerTableSize(_ size: UInt32) {
        let size = min(Int(size), HPACKTable.defaultMaximumSize)
        guard size != self.table.maximumSize || self.announced != nil else { return }
        self.announced = (min(self.announced?.smallest ?? size, size), size)
        self.table.setMaximumSize(size)
    }

    /// Appends the block of `headers`.
    mutating func encode(_ headers: [HTTP2Header], into output: HTTP2Output) {
        if let (smallest, last) = self.announced {
            if smallest < last { Self.integer(smallest, prefix: 5, flags: 0x20, into: output) }
            Self.integer(last, prefix: 5, flags: 0x20, into: output)
            self.announced = nil
        }
        for header in headers { self.encode(header, into: output) }
    }

    private mutating func encode(_ header: HTTP2Header, into output: HTTP2Output) {
        let fixed = HPACKStaticTable.find(header)
        var nameIndex = fixed?.index ?? 0
        if !header.sensitive {
            if let fixed, fixed.isExact {
                Self.integer(fixed.index, prefix: 7, flags: 0x80, into: output)
                return
            }
            if let dynamic = self.table.find(header) {
                let index = dynamic.position + HPACKStaticTable.entries.count + 1
                if dynamic.isExact {
                    Self.integer(index, prefix: 7, flags: 0x80, into: output)
                    return
                }
                if nameIndex == 0 { nameIndex = index }
            }
        }
        let repeats =
            !header.sensitive && !Self.volatile.contains(header.name)
            && header.listSize <= self.table.maximumSize / 2
        if repeats {
            Self.integer(nameIndex, prefix: 6, flags: 0x40, into: output)
            self.table.insert(header)
        } else {
            Self.integer(nameIndex, prefix: 4, flags: header.sensitive ? 0x10 : 0x00, into: output)
        }
        if nameIndex == 0 { Self.string(header.name, into: output) }
        Self.string(header.value, into: output)
    }

    private static func integer(_ value: Int, prefix: Int, flags: UInt8, into output: HTTP2Output) {
        let mask = (1 << prefix) - 1
        guard value >= mask else {
            output.append(flags | UInt8(truncatingIfNeeded: value))
            return
        }
        output.append(flags | UInt8(truncatingIfNeeded: mask))
        var rest = value - mask
        while rest >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: rest & 0x7f) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(truncatingIfNeeded: rest))
    }

    private static func string(_ text: String, into output: HTTP2Output) {
        var text = text
        text.withUTF8 { bytes in
            let coded = HPACKHuffman.encodedCount(bytes)
            if coded < bytes.count {
                self.integer(coded, prefix: 7, flags: 0x80, into: output)
                HPACKHuffman.encode(bytes, into: output)
            } else {
                self.integer(bytes.count, prefix: 7, flags: 0, into: output)
                output.append(UnsafeRawBufferPointer(bytes))
            }
        }
    }
}
