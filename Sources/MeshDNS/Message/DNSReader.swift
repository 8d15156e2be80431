import MeshModel

/// Reads the parts of a DNS message.
struct DNSReader {
    let bytes: [UInt8]
    var position = 0

    mutating func uint8() throws(DNSError) -> UInt8 {
        guard self.position < self.bytes.count else { throw .truncated }
        defer { self.position += 1 }
        return self.bytes[self.position]
    }

    mutating func uint16() throws(DNSError) -> UInt16 {
        let high = try self.uint8()
        return UInt16(high) << 8 | UInt16(try self.uint8())
    }

    mutating func uint32() throws(DNSError) -> UInt32 {
        let high = try self.uint16()
        return UInt32(high) << 16 | UInt32(try self.uint16())
    }

    /// A name.
    mutating func name() throws(DNSError) -> DNSName {
        var labels: [[UInt8]] = []
        let bytes = self.bytes
        try self.walkName { labels.append(Array(bytes[$0])) }
        return try DNSName(labels: labels)
    }

    /// Goes past a name after the same checks as ``name()``.
    mutating func skipName() throws(DNSError) {
        try self.walkName { _ in }
    }

    /// A name of 255 bytes cannot need more; without a bound a message of pointers costs the square of its size.
    private static let maximumPointers = 127

    /// Visits a name's labels.
    ///
    /// A pointer must lead behind the header, which is no name, and to something that ends before the part of the name
    /// in which it stands began. So there are no loops, and a name never depends on what comes after it.
    private mutating func walkName(_ visit: (Range<Int>) -> Void) throws(DNSError) {
        var count = 1
        var place = self.position
        var start = self.position
        var limit = self.bytes.count
        var end: Int?
        var pointers = 0
        while true {
            guard place < limit else { throw .truncated }
            let length = Int(self.bytes[place])
            switch length >> 6 {
            case 0 where length == 0:
                self.position = end ?? place + 1
                return
            case 0:
                guard place + 1 + length <= limit else { throw .truncated }
                count += length + 1
                guard count <= DNSName.maximumBytes else { throw .invalidName }
                visit(place + 1..<place + 1 + length)
                place += 1 + length
            case 3:
                guard place + 1 < limit else { throw .truncated }
                let target = (length & 63) << 8 | Int(self.bytes[place + 1])
                pointers += 1
                guard target >= 12, target < start, pointers <= Self.maximumPointers else { throw .invalidPointer }
                end = end ?? place + 2
                limit = start
                start = target
                place = target
            default:
                throw .invalidName
            }
        }
    }

    mutating func record() throws(DNSError) -> DNSRecord {
        let name = try self.name()
        let type = DNSType(rawValue: try self.uint16())
        let classCode = try self.uint16()
        let timeToLive = try self.uint32()
        let length = Int(try self.uint16())
        let start = self.position
        guard length <= self.bytes.count - start else { throw .truncated }
        let content: DNSRecord.Content
        switch type {
        case _ where classCode != DNSQuestion.internet:
            content = .other(type, Array(self.bytes[start..<start + length]))
        case .a, .aaaa:
            guard length == (type == .a ? 4 : 16), let ip = IPAddress(bytes: self.bytes[start..<start + length]) else {
                throw .invalidRecord
            }
            content = .address(ip)
        case .cname:
            content = .alias(try self.name())
            guard self.position == start + length else { throw .invalidRecord }
        default:
            content = .other(type, Array(self.bytes[start..<start + length]))
        }
        self.position = start + length
        return DNSRecord(name: name, timeToLive: timeToLive, content: content, classCode: classCode)
    }
}
