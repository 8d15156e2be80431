/// What two queries must have in common to share an answer.
struct ForwardedQuestion: Hashable, Sendable {
    let question: DNSQuestion
    private let flags: UInt8

    init(_ query: DNSQuery) {
        self.question = query.question
        var flags: UInt8 = 0
        if query.wantsRecursion { flags |= 1 }
        if query.acceptsUnchecked { flags |= 2 }
        if query.wantsValidationMark { flags |= 4 }
        if query.edns?.wantsDNSSEC == true { flags |= 8 }
        self.flags = flags
    }

    /// The query to a server.
    ///
    /// - Parameters:
    ///   - questionBytes: the question as the first client wrote it.
    ///   - usesEDNS: false for a server that refused it.
    func query(id: UInt16, questionBytes: [UInt8], usesEDNS: Bool) -> [UInt8] {
        var bytes = [UInt8(id >> 8), UInt8(truncatingIfNeeded: id), 0, 0, 0, 1, 0, 0, 0, 0, 0, usesEDNS ? 1 : 0]
        if self.flags & 1 != 0 { bytes[2] |= 0x01 }
        if self.flags & 2 != 0 { bytes[3] |= 0x10 }
        if self.flags & 4 != 0 { bytes[3] |= 0x20 }
        bytes += questionBytes
        // 1,232 bytes pass every network unfragmented; more comes by TCP.
        if usesEDNS { bytes += [0, 0, 41, 0x04, 0xd0, 0, 0, self.flags & 8 != 0 ? 0x80 : 0, 0, 0, 0] }
        return bytes
    }
}
