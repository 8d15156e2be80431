/// A client's query with one question, as a resolver takes it.
package struct DNSQuery: Hashable, Sendable {
    /// Ties the answer to the query.
    package var id: UInt16
    /// What is asked.
    package var question: DNSQuestion
    /// The question as it came, so that an answer can repeat the case of its letters.
    package var questionBytes: [UInt8]
    /// Whether others may be asked.
    package var wantsRecursion: Bool
    /// Whether unvalidated data are welcome (RFC 4035 §3.2.2).
    package var acceptsUnchecked: Bool
    /// Whether the client understands the mark of validated data (RFC 6840 §5.7).
    package var wantsValidationMark: Bool
    /// The client's EDNS record.
    package var edns: DNSMessage.EDNS?

    /// The most bytes of an answer by UDP that any client gets.
    package static let maximumDatagram = 4_096

    /// A query of our own for `question`; nothing but the question and recursion is asked for.
    package init(_ question: DNSQuestion) {
        self.id = 0
        self.question = question
        var message = DNSMessage(id: 0)
        message.questions = [question]
        self.questionBytes = Array(message.encoded().dropFirst(12))
        self.wantsRecursion = true
        self.acceptsUnchecked = false
        self.wantsValidationMark = false
    }

    init(_ message: DNSMessage, _ question: DNSQuestion, _ questionBytes: [UInt8], flags: UInt16) {
        self.id = message.id
        self.question = question
        self.questionBytes = questionBytes
        self.wantsRecursion = message.wantsRecursion
        self.acceptsUnchecked = flags & 0x0010 != 0
        self.wantsValidationMark = flags & 0x0020 != 0
        self.edns = message.edns
    }

    /// The most bytes of the answer: what the client takes by UDP, within 512 to 4,096, or what a TCP frame holds.
    package func answerLimit(overStream: Bool) -> Int {
        if overStream { return 65_535 }
        guard let edns = self.edns else { return 512 }
        return min(max(Int(edns.payloadBytes), 512), Self.maximumDatagram)
    }

    /// The EDNS record of the answer: nil where the client sent none, else its size within our bounds and its DO flag.
    package var answerEDNS: DNSMessage.EDNS? {
        self.edns.map { edns in
            DNSMessage.EDNS(
                payloadBytes: UInt16(clamping: self.answerLimit(overStream: false)),
                wantsDNSSEC: edns.wantsDNSSEC
            )
        }
    }

    /// A whole answer made here.
    /// - Parameters:
    ///   - records: the answer section.
    ///   - isAuthoritative: whether we are the source of the records.
    package func answer(
        _ records: [DNSRecord] = [],
        code: DNSMessage.ResponseCode = .noError,
        isAuthoritative: Bool = false,
        overStream: Bool
    ) -> [UInt8] {
        var message = DNSMessage(id: self.id)
        message.isResponse = true
        message.isAuthoritative = isAuthoritative
        message.wantsRecursion = self.wantsRecursion
        message.offersRecursion = true
        message.code = code
        message.questions = [self.question]
        message.answers = records
        message.edns = self.answerEDNS
        var bytes = message.encoded(limit: self.answerLimit(overStream: overStream))
        self.restoreQuestion(in: &bytes)
        if self.acceptsUnchecked { bytes[3] |= 0x10 }
        return bytes
    }

    /// Writes the question as the client wrote it. The lengths are equal: the first name of a message has no pointers.
    func restoreQuestion(in bytes: inout [UInt8]) {
        let end = 12 + self.questionBytes.count
        guard bytes.count >= end else { return }
        bytes.replaceSubrange(12..<end, with: self.questionBytes)
    }
}
