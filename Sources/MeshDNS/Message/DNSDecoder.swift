import MeshModel

extension DNSMessage {
    /// Reads a message. Bytes behind it are ignored, as in most resolvers.
    package init(decoding bytes: [UInt8]) throws(DNSError) {
        guard bytes.count <= 65535 else { throw .tooLong }
        var reader = DNSReader(bytes: bytes)
        self.init(id: try reader.uint16())
        let flags = try reader.uint16()
        self.isResponse = flags & 0x8000 != 0
        self.operation = UInt8(truncatingIfNeeded: flags >> 11) & 15
        self.isAuthoritative = flags & 0x0400 != 0
        self.isTruncated = flags & 0x0200 != 0
        self.wantsRecursion = flags & 0x0100 != 0
        self.offersRecursion = flags & 0x0080 != 0
        self.code = ResponseCode(rawValue: UInt8(truncatingIfNeeded: flags & 15))
        let counts = (try reader.uint16(), try reader.uint16(), try reader.uint16(), try reader.uint16())
        // Each element takes bytes of the message, so a false count ends at the end of the bytes.
        for _ in 0..<counts.0 {
            let name = try reader.name()
            let type = DNSType(rawValue: try reader.uint16())
            self.questions.append(DNSQuestion(name: name, type: type, classCode: try reader.uint16()))
        }
        for _ in 0..<counts.1 { self.answers.append(try reader.record()) }
        for _ in 0..<counts.2 { self.authorities.append(try reader.record()) }
        for _ in 0..<counts.3 {
            let record = try reader.record()
            guard record.type == .opt else {
                self.additionals.append(record)
                continue
            }
            guard self.edns == nil else { throw .repeatedEDNS }
            self.edns = EDNS(
                payloadBytes: record.classCode,
                version: UInt8(truncatingIfNeeded: record.timeToLive >> 16),
                wantsDNSSEC: record.timeToLive & 0x8000 != 0
            )
        }
    }
}

/// Reads the parts of a DNS message.
private struct DNSReader {
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

    /// A name. Each pointer must lead before the place where the labels it replaces began, so there are no loops.
    mutating func name() throws(DNSError) -> DNSName {
        var labels: [[UInt8]] = []
        var count = 1
        var place = self.position
        var limit = self.position
        var end: Int?
        while true {
            guard place < self.bytes.count else { throw .truncated }
            let length = Int(self.bytes[place])
            switch length >> 6 {
            case 0 where length == 0:
                self.position = end ?? place + 1
                return try DNSName(labels: labels)
            case 0:
                guard place + 1 + length <= self.bytes.count else { throw .truncated }
                count += length + 1
                guard count <= DNSName.maximumBytes else { throw .invalidName }
                labels.append(Array(self.bytes[place + 1..<place + 1 + length]))
                place += 1 + length
            case 3:
                guard place + 1 < self.bytes.count else { throw .truncated }
                let target = (length & 63) << 8 | Int(self.bytes[place + 1])
                guard target < limit else { throw .invalidPointer }
                end = end ?? place + 2
                limit = target
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
