/// What to do with a message that a client sent to a resolver.
package enum DNSRequest: Hashable, Sendable {
    /// Find the answer.
    case question(DNSQuery)
    /// Hand the message on as it is, but for its id, and its answer back: an UPDATE, a NOTIFY, or a signed query, in
    /// which nothing may be changed.
    case relay([UInt8])
    /// Send this answer at once.
    case refuse([UInt8])
    /// Say nothing.
    case ignore

    /// Kinds of messages.
    private enum Operation {
        static let query: UInt8 = 0
        static let notify: UInt8 = 4
        static let update: UInt8 = 5
    }

    /// Judges a message.
    ///
    /// - A response is answered with FORMERR on a stream, as ztunnel does, and ignored by UDP: two servers that answer
    ///   each other's responses would never stop, and a forged sender's address is all that it takes.
    /// - UPDATE and NOTIFY are for other servers than resolvers, but a captured client cannot know that its message
    ///   came to one, so they are handed on. Other operations get NOTIMP: STATUS and IQUERY are dead, and DSO is about the
    ///   connection itself.
    /// - Zone transfers are no questions to a resolver: REFUSED.
    package init(reading bytes: [UInt8], overStream: Bool) {
        guard bytes.count >= 12 else {
            self = .ignore
            return
        }
        let flags = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
        guard flags & 0x8000 == 0 else {
            self = overStream ? .refuse(Self.refusal(bytes, .formatError)) : .ignore
            return
        }
        switch bytes[2] >> 3 & 15 {
        case Operation.query:
            self = Self.judge(bytes, flags: flags)
        case Operation.notify, Operation.update:
            self = .relay(bytes)
        default:
            self = .refuse(Self.refusal(bytes, .notImplemented))
        }
    }

    private static func judge(_ bytes: [UInt8], flags: UInt16) -> DNSRequest {
        guard let message = try? DNSMessage(decoding: bytes), message.questions.count == 1,
            let question = message.questions.first, let end = self.questionEnd(bytes)
        else { return .refuse(self.refusal(bytes, .formatError)) }
        if message.additionals.contains(where: { $0.type == .tsig || $0.type == .sig }) { return .relay(bytes) }
        let query = DNSQuery(message, question, Array(bytes[12..<end]), flags: flags)
        if let edns = message.edns, edns.version > 0 { return .refuse(self.badVersion(query)) }
        if question.type == .axfr || question.type == .ixfr {
            return .refuse(query.answer(code: .refused, overStream: false))
        }
        return .question(query)
    }

    /// Where the only question ends.
    private static func questionEnd(_ bytes: [UInt8]) -> Int? {
        var reader = DNSReader(bytes: bytes, position: 12)
        guard (try? reader.skipName()) != nil, reader.position + 4 <= bytes.count else { return nil }
        // A pointer can only lead into the header here, where no name is.
        var place = 12
        while place < reader.position - 1 {
            guard bytes[place] & 0xc0 == 0 else { return nil }
            place += Int(bytes[place]) + 1
        }
        return reader.position + 4
    }

    /// What is told to the client of a message that was handed on in vain: SERVFAIL.
    package static func failure(_ bytes: [UInt8]) -> [UInt8] { self.refusal(bytes, .serverFailure) }

    /// A bare header that answers `bytes`.
    static func refusal(_ bytes: [UInt8], _ code: DNSMessage.ResponseCode) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 12)
        for index in 0..<min(3, bytes.count) { header[index] = bytes[index] }
        // The id, the operation and the client's wish for recursion stay; AA and TC go.
        header[2] = header[2] & 0x79 | 0x80
        header[3] = 0x80 | code.rawValue
        return header
    }

    /// BADVERS (RFC 6891 §6.1.3): the upper bits of the code stand in the EDNS record, which the encoder puts last.
    private static func badVersion(_ query: DNSQuery) -> [UInt8] {
        var bytes = query.answer(overStream: false)
        let place = bytes.count - 6
        if place > 12 { bytes[place] = 1 }
        return bytes
    }
}
