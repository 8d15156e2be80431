/// A server's response, kept as the bytes that came.
///
/// Names inside records may point to other places of the message, so a response is handed on by changing it in place:
/// its id, flags, question, times to live and EDNS record; and by cutting it at the end of a record.
package struct DNSResponse: Hashable, Sendable {
    /// One record's place.
    private struct Span: Hashable, Sendable {
        var end: Int
        var timeToLivePlace: Int
        var section: Int
        var type: DNSType
    }

    private var bytes: [UInt8]
    private let questionEnd: Int
    private var spans: [Span] = []
    /// The index of the EDNS record.
    private var ednsIndex: Int?
    /// The least time to live of all records, in seconds.
    private var leastTimeToLive = UInt32.max
    /// What a SOA record in the authority section allows for the lack of records, in seconds.
    private var negativeTimeToLive: UInt32?
    /// What was asked; nil in a response without question, which servers send when they could not read the query.
    package let question: DNSQuestion?

    /// Reads a response; throws as ``DNSMessage/init(decoding:)``. Bytes behind it are dropped.
    package init(reading bytes: [UInt8]) throws(DNSError) {
        guard bytes.count <= 65_535 else { throw .tooLong }
        var reader = DNSReader(bytes: bytes, position: 4)
        let counts = [
            try reader.uint16(), try reader.uint16(), try reader.uint16(), try reader.uint16(),
        ]
        guard counts[0] <= 1 else { throw .invalidRecord }
        if counts[0] == 1 {
            let name = try reader.name()
            let type = DNSType(rawValue: try reader.uint16())
            self.question = DNSQuestion(name: name, type: type, classCode: try reader.uint16())
        } else {
            self.question = nil
        }
        self.questionEnd = reader.position
        self.bytes = bytes
        for section in 1...3 {
            for _ in 0..<counts[section] { try self.readRecord(&reader, section: section) }
        }
        if reader.position < bytes.count { self.bytes = Array(bytes[..<reader.position]) }
    }

    private mutating func readRecord(_ reader: inout DNSReader, section: Int) throws(DNSError) {
        try reader.skipName()
        let type = DNSType(rawValue: try reader.uint16())
        let classCode = try reader.uint16()
        let place = reader.position
        let seconds = try reader.uint32()
        let length = Int(try reader.uint16())
        let start = reader.position
        guard length <= reader.bytes.count - start else { throw .truncated }
        if type == .opt {
            guard section == 3, self.ednsIndex == nil else { throw .repeatedEDNS }
            self.ednsIndex = self.spans.count
        } else {
            self.leastTimeToLive = min(self.leastTimeToLive, Self.effective(seconds))
        }
        if classCode == DNSQuestion.internet {
            try Self.check(&reader, type, length)
            if type == .soa, section == 2, length >= 22 {
                reader.position = start + length - 4
                let minimum = try reader.uint32()
                self.negativeTimeToLive = min(Self.effective(seconds), Self.effective(minimum))
            }
        }
        reader.position = start + length
        self.spans.append(Span(end: start + length, timeToLivePlace: place, section: section, type: type))
    }

    /// Checks what every client will read.
    private static func check(_ reader: inout DNSReader, _ type: DNSType, _ length: Int) throws(DNSError) {
        switch type {
        case .a where length != 4, .aaaa where length != 16: throw .invalidRecord
        case .cname:
            let end = reader.position + length
            try reader.skipName()
            guard reader.position == end else { throw .invalidRecord }
        default: break
        }
    }

    /// A value with the upper bit counts as 0 (RFC 2181 §8).
    private static func effective(_ seconds: UInt32) -> UInt32 { seconds > UInt32(Int32.max) ? 0 : seconds }

    private func byte(_ index: Int) -> UInt8 { index < self.bytes.count ? self.bytes[index] : 0 }

    /// The id.
    package var id: UInt16 { UInt16(self.byte(0)) << 8 | UInt16(self.byte(1)) }
    /// Whether the message is a response to a usual query.
    package var isResponse: Bool { self.byte(2) & 0xf8 == 0x80 }
    /// Whether something was left out for want of room.
    package var isTruncated: Bool { self.byte(2) & 0x02 != 0 }
    /// What came of the query, without the upper bits of EDNS.
    package var code: DNSMessage.ResponseCode { DNSMessage.ResponseCode(rawValue: self.byte(3)) }
    /// How many bytes it has.
    package var count: Int { self.bytes.count }
    /// How many records the answer section has.
    package var answerCount: Int { self.spans.count { $0.section == 1 } }
    /// Whether the server spoke EDNS.
    package var hasEDNS: Bool { self.ednsIndex != nil }
    /// The whole message, decoded; nil when a record that is not the answer's matter is malformed.
    package var message: DNSMessage? { try? DNSMessage(decoding: self.bytes) }

    /// How long it may be kept, in seconds, unbounded; nil when it may not.
    ///
    /// An answer is good for the least time to live of its records. The lack of an answer is so for what the SOA record
    /// says, and may not be kept without one (RFC 2308 §5).
    package var lifetime: UInt32? {
        guard !self.isTruncated, self.extendedCode == 0 else { return nil }
        switch self.code {
        case .noError where self.spans.contains { $0.section == 1 && self.isAnswer($0.type) }:
            return self.leastTimeToLive
        case .noError, .noSuchName:
            return self.negativeTimeToLive.map { min($0, self.leastTimeToLive) }
        default:
            return nil
        }
    }

    /// Whether a record of the answer section is what was asked for, and not an alias on the way there.
    private func isAnswer(_ type: DNSType) -> Bool {
        guard let asked = self.question?.type else { return false }
        return asked == type || asked.rawValue == 255
    }

    /// The upper eight bits of the response code.
    private var extendedCode: UInt8 {
        self.ednsIndex.map { self.byte(self.spans[$0].timeToLivePlace) } ?? 0
    }

    // MARK: Handing on

    /// The response as an answer to `query`, which asked the same question.
    ///
    /// Everything of the server's response is in it as far as it fits: what is left out of the additional section is
    /// not told (RFC 2181 §9), anything else is marked as truncation. To a client without EDNS the server's EDNS
    /// record, and what stands behind it, is not sent.
    /// - Parameter age: for how many seconds it was kept here; its times to live are less by as much.
    package func answer(to query: DNSQuery, age: UInt32 = 0, overStream: Bool) -> [UInt8] {
        guard self.question == query.question, self.questionEnd == 12 + query.questionBytes.count else {
            return query.answer(code: self.code == .noError ? .serverFailure : self.code, overStream: overStream)
        }
        var edns = query.answerEDNS
        let limit = query.answerLimit(overStream: overStream)
        var end = self.questionEnd
        var counts: [UInt16] = [1, 0, 0, 0]
        var isCut = self.isTruncated
        for (index, span) in self.spans.enumerated() {
            let isEDNS = index == self.ednsIndex
            if isEDNS, edns == nil { break }
            guard span.end + (edns == nil || isEDNS ? 0 : 11) <= limit else {
                if span.section < 3 { isCut = true }
                break
            }
            end = span.end
            counts[span.section] += 1
            if isEDNS { edns = nil }
        }
        var bytes = Array(self.bytes[..<end])
        self.rewriteHeader(&bytes, for: query, isTruncated: isCut)
        query.restoreQuestion(in: &bytes)
        for (index, span) in self.spans.enumerated() where span.end <= end {
            if index == self.ednsIndex {
                self.rewriteEDNS(&bytes, at: span.timeToLivePlace, for: query)
            } else if age > 0 {
                Self.reduce(&bytes, at: span.timeToLivePlace, by: age)
            }
        }
        if let edns {
            bytes += [0, 0, 41, UInt8(edns.payloadBytes >> 8), UInt8(truncatingIfNeeded: edns.payloadBytes)]
            bytes += [self.extendedCode, 0, edns.wantsDNSSEC ? 0x80 : 0, 0, 0, 0]
            counts[3] += 1
        }
        for (index, count) in counts.enumerated() {
            bytes[4 + 2 * index] = UInt8(count >> 8)
            bytes[5 + 2 * index] = UInt8(truncatingIfNeeded: count)
        }
        return bytes
    }

    /// Id and flags: never authoritative, as we only hand it on.
    private func rewriteHeader(_ bytes: inout [UInt8], for query: DNSQuery, isTruncated: Bool) {
        bytes[0] = UInt8(query.id >> 8)
        bytes[1] = UInt8(truncatingIfNeeded: query.id)
        bytes[2] = 0x80 | (isTruncated ? 0x02 : 0) | (query.wantsRecursion ? 0x01 : 0)
        // An upper half of the code that the client cannot be told would turn a failure into success.
        let code = query.edns == nil && self.extendedCode > 0 ? DNSMessage.ResponseCode.serverFailure : self.code
        bytes[3] = 0x80 | bytes[3] & 0x20 | (query.acceptsUnchecked ? 0x10 : 0) | code.rawValue
    }

    /// Makes the server's EDNS record ours: size and flags; its options are about the answer and stay.
    private func rewriteEDNS(_ bytes: inout [UInt8], at place: Int, for query: DNSQuery) {
        guard let edns = query.answerEDNS, place >= 2, place + 4 <= bytes.count else { return }
        bytes[place - 2] = UInt8(edns.payloadBytes >> 8)
        bytes[place - 1] = UInt8(truncatingIfNeeded: edns.payloadBytes)
        bytes[place + 1] = 0
        bytes[place + 2] = edns.wantsDNSSEC ? 0x80 : 0
        bytes[place + 3] = 0
    }

    private static func reduce(_ bytes: inout [UInt8], at place: Int, by age: UInt32) {
        guard place + 4 <= bytes.count else { return }
        var seconds: UInt32 = 0
        for index in place..<place + 4 { seconds = seconds << 8 | UInt32(bytes[index]) }
        seconds = seconds > age ? seconds - age : 0
        for index in 0..<4 { bytes[place + index] = UInt8(truncatingIfNeeded: seconds >> (24 - 8 * UInt32(index))) }
    }
}
