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
