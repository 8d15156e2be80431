/// A DNS query as the resolver needs it: one question.
package struct DNSQuery: Sendable, Equatable {
    package var id: UInt16
    package var recursionDesired: Bool
    /// Lower case, without the last dot.
    package var name: String
    package var type: UInt16
    package var `class`: UInt16
    /// Most bytes that a UDP answer may have: 512, or what EDNS grants up to 1232.
    package var answerLimit: Int
    /// The question as it came, to be sent back byte by byte.
    package var question: [UInt8]

    /// Reads a query; nil for anything that isn't a standard query with exactly one question.
    package init?(parsing bytes: [UInt8]) {
        guard bytes.count >= 12, bytes.count <= 4096 else { return nil }
        func number(_ index: Int) -> UInt16 { UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1]) }
        let flags = number(2)
        guard flags & 0xF800 == 0, number(4) == 1, number(6) == 0 else { return nil }
        var index = 12
        var labels: [String] = []
        var total = 0
        while index < bytes.count, bytes[index] != 0 {
            let length = Int(bytes[index])
            total += length + 1
            guard length <= 63, total <= 254, index + 1 + length < bytes.count else { return nil }
            let label = bytes[(index + 1)..<(index + 1 + length)]
            guard label.allSatisfy({ $0 > 32 && $0 < 127 && $0 != 46 }) else { return nil }
            labels.append(String(decoding: label, as: UTF8.self).lowercased())
            index += 1 + length
        }
        guard index + 5 <= bytes.count else { return nil }
        self.id = number(0)
        self.recursionDesired = flags & 0x0100 != 0
        self.name = labels.joined(separator: ".")
        self.type = number(index + 1)
        self.class = number(index + 3)
        self.question = Array(bytes[12..<(index + 5)])
        self.answerLimit = 512
        // An OPT record of the root name, directly after the question, is all that resolvers send.
        let extra = index + 5
        if number(10) >= 1, extra + 11 <= bytes.count, bytes[extra] == 0, number(extra + 1) == 41 {
            self.answerLimit = min(max(Int(number(extra + 3)), 512), 1232)
        }
    }
}

/// One record of an answer, its data already in wire form.
package struct DNSRecord: Sendable, Equatable {
    package var name: String
    package var type: UInt16
    package var ttl: UInt32
    package var data: [UInt8]

    package init(name: String, type: UInt16, ttl: UInt32, data: [UInt8]) {
        self.name = name
        self.type = type
        self.ttl = ttl
        self.data = data
    }
}

/// What the resolver answers.
package struct DNSAnswer: Sendable, Equatable {
    package enum Code: UInt8, Sendable {
        case noError = 0, formatError = 1, serverFailure = 2, nameError = 3, refused = 5
    }

    package var code: Code
    package var isAuthoritative = false
    package var answers: [DNSRecord] = []
    package var authority: [DNSRecord] = []

    package init(_ code: Code) { self.code = code }

    /// The answer's bytes for a query; cut to an empty answer with TC set if it has more than `limit`.
    package func bytes(for query: DNSQuery, limit: Int) -> [UInt8] {
        let whole = self.bytes(for: query, truncated: false)
        return whole.count <= limit ? whole : self.bytes(for: query, truncated: true)
    }

    private func bytes(for query: DNSQuery, truncated: Bool) -> [UInt8] {
        var flags: UInt16 = 0x8080 | UInt16(self.code.rawValue)
        if query.recursionDesired { flags |= 0x0100 }
        if self.isAuthoritative { flags |= 0x0400 }
        if truncated { flags |= 0x0200 }
        let answers = truncated ? [] : self.answers
        let authority = truncated ? [] : self.authority
        var bytes: [UInt8] = []
        func put(_ value: UInt16) { bytes += [UInt8(value >> 8), UInt8(value & 255)] }
        put(query.id)
        put(flags)
        put(1)
        put(UInt16(clamping: answers.count))
        put(UInt16(clamping: authority.count))
        put(0)
        bytes += query.question
        for record in answers + authority {
            bytes += DNSName.wire(record.name) ?? [0]
            put(record.type)
            put(1)
            put(UInt16(record.ttl >> 16))
            put(UInt16(record.ttl & 0xFFFF))
            put(UInt16(clamping: record.data.count))
            bytes += record.data
        }
        return bytes
    }
}

/// Domain names between text and wire.
package enum DNSName {
    /// The name in wire form, uncompressed; nil if a label or the whole is too long.
    package static func wire(_ name: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        for label in name.split(separator: ".") {
            guard let length = UInt8(exactly: label.utf8.count), length <= 63 else { return nil }
            bytes.append(length)
            bytes += label.utf8
        }
        guard bytes.count <= 254 else { return nil }
        return bytes + [0]
    }

    /// The name in lower case, without its last dot, with Route 53's `\052` read as `*`.
    package static func normal(_ name: String) -> String {
        let name = name.lowercased().replacing("\\052", with: "*")
        return name.hasSuffix(".") ? String(name.dropLast()) : name
    }
}
