import MeshModel

extension DNSMessage {
    /// The message's bytes.
    ///
    /// - Parameters:
    ///   - limit: the most bytes; records that do not fit are left out and the message is marked as truncated. The header,
    ///     the question and the EDNS record are always there.
    ///   - compressing: whether names that occur again are written as pointers (RFC 1035 §4.1.4).
    package func encoded(limit: Int = 65535, compressing: Bool = true) -> [UInt8] {
        var writer = DNSWriter(compressing: compressing)
        let questions = self.questions.prefix(Int(UInt16.max))
        for question in questions {
            writer.name(question.name)
            writer.uint16(question.type.rawValue)
            writer.uint16(question.classCode)
        }
        let reserved = self.edns == nil ? 0 : 11
        var counts: [UInt16] = []
        var isFull = false
        for section in [self.answers, self.authorities, self.additionals] {
            var count: UInt16 = 0
            for record in section where !isFull {
                let start = writer.bytes.count
                writer.record(record)
                guard writer.bytes.count + reserved <= min(limit, 65535), count < UInt16.max - 1 else {
                    writer.cut(to: start)
                    isFull = true
                    break
                }
                count += 1
            }
            counts.append(count)
        }
        if let edns = self.edns {
            writer.edns(edns)
            counts[2] += 1
        }
        var flags = UInt16(self.code.rawValue) | UInt16(self.operation & 15) << 11
        if self.isResponse { flags |= 0x8000 }
        if self.isAuthoritative { flags |= 0x0400 }
        if isFull || self.isTruncated { flags |= 0x0200 }
        if self.wantsRecursion { flags |= 0x0100 }
        if self.offersRecursion { flags |= 0x0080 }
        writer.header([self.id, flags, UInt16(questions.count)] + counts)
        return writer.bytes
    }
}

/// Writes the parts of a DNS message.
private struct DNSWriter {
    private(set) var bytes = [UInt8](repeating: 0, count: 12)
    private let compressing: Bool
    /// Where the first names, given by their labels, were written.
    private var places: [(labels: ArraySlice<[UInt8]>, place: UInt16)] = []
    /// The most names that later ones are compared with, one by one; what is not found is written out.
    private static let maximumPlaces = 32

    init(compressing: Bool) { self.compressing = compressing }

    mutating func header(_ fields: [UInt16]) {
        for (index, field) in fields.prefix(6).enumerated() {
            self.bytes[2 * index] = UInt8(truncatingIfNeeded: field >> 8)
            self.bytes[2 * index + 1] = UInt8(truncatingIfNeeded: field)
        }
    }

    /// Takes back the last record. No name may follow, as it might point into what is gone.
    mutating func cut(to count: Int) { self.bytes.removeSubrange(count...) }

    mutating func uint16(_ value: UInt16) {
        self.bytes.append(UInt8(truncatingIfNeeded: value >> 8))
        self.bytes.append(UInt8(truncatingIfNeeded: value))
    }

    mutating func uint32(_ value: UInt32) {
        self.uint16(UInt16(truncatingIfNeeded: value >> 16))
        self.uint16(UInt16(truncatingIfNeeded: value))
    }

    mutating func name(_ name: DNSName) {
        var rest = name.labels[...]
        while let label = rest.first {
            if self.compressing {
                if let known = self.places.first(where: { $0.labels == rest }) {
                    return self.uint16(0xc000 | known.place)
                }
                if self.bytes.count < 0x4000, self.places.count < Self.maximumPlaces {
                    self.places.append((rest, UInt16(self.bytes.count)))
                }
            }
            self.bytes.append(UInt8(truncatingIfNeeded: label.count))
            self.bytes += label
            rest = rest.dropFirst()
        }
        self.bytes.append(0)
    }

    mutating func record(_ record: DNSRecord) {
        self.name(record.name)
        self.uint16(record.type.rawValue)
        self.uint16(record.classCode)
        self.uint32(record.timeToLive)
        let lengthPlace = self.bytes.count
        self.uint16(0)
        switch record.content {
        case .address(let ip): self.bytes += ip.bytes
        case .alias(let name): self.name(name)
        case .other(_, let content): self.bytes += content.prefix(Int(UInt16.max))
        }
        let length = self.bytes.count - lengthPlace - 2
        self.bytes[lengthPlace] = UInt8(truncatingIfNeeded: length >> 8)
        self.bytes[lengthPlace + 1] = UInt8(truncatingIfNeeded: length)
    }

    mutating func edns(_ edns: DNSMessage.EDNS) {
        self.bytes.append(0)
        self.uint16(DNSType.opt.rawValue)
        self.uint16(edns.payloadBytes)
        self.uint32(UInt32(edns.version) << 16 | (edns.wantsDNSSEC ? 0x8000 : 0))
        self.uint16(0)
    }
}
