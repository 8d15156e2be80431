/// Reads one JSON text (RFC 8259) that arrives in pieces, and refuses what other readers may take for something else:
/// repeated names, bytes after the end, broken UTF-8, a byte order mark.
///
/// Nothing recurses, and no byte is kept that the limits do not allow.
package struct JSONScanner<Sink: JSONSink> {
    enum State: Sendable {
        /// Before a value; after `[`, also before its end.
        case value
        case firstElement
        /// Before a name; after `{`, also before its end.
        case firstName
        case name
        case colon
        /// After a value, before a comma or the end of what it is part of.
        case afterValue
        case string, escape
        /// In `\uXXXX`, with the digits that are still to come.
        case unicode(left: Int)
        case number
        case literal
        case end
    }

    /// An open object or array.
    struct Level: Sendable {
        let isObject: Bool
        var names: Set<String> = []
    }

    /// Where the values go.
    package private(set) var sink: Sink
    let limits: JSONLimits
    var state = State.value
    var levels: [Level] = []
    /// The text, number or word that is being read.
    var text: [UInt8] = []
    var isName = false
    var unit: UInt16 = 0
    /// The first half of a surrogate pair.
    var highSurrogate: UInt16?
    private var position = 0
    private var members = 0

    /// A scanner at the start of a text.
    package init(limits: JSONLimits, sink: Sink) {
        self.limits = limits
        self.sink = sink
    }

    /// Reads on.
    package mutating func take(_ bytes: some Sequence<UInt8>) throws(JSONFault) {
        for byte in bytes {
            guard self.position < self.limits.bytes else { throw .tooLong }
            try self.take(byte)
            self.position += 1
        }
    }

    /// Says that no byte follows.
    package mutating func finish() throws(JSONFault) {
        if case .number = self.state { try self.endNumber() }
        if case .literal = self.state { try self.endLiteral() }
        guard case .end = self.state else { throw .incomplete }
    }

    private mutating func take(_ byte: UInt8) throws(JSONFault) {
        switch self.state {
        case .string: return try self.takeText(byte)
        case .escape: return try self.takeEscape(byte)
        case .unicode(let left): return try self.takeUnicode(byte, left)
        case .number:
            if Self.isOfNumber(byte) {
                guard self.text.count < JSONLimits.numberBytes else { throw self.malformed }
                return self.text.append(byte)
            }
            try self.endNumber()
        case .literal:
            if (0x61...0x7A).contains(byte), self.text.count < 5 { return self.text.append(byte) }
            try self.endLiteral()
        default: break
        }
        if byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { return }
        try self.takeStructure(byte)
    }

    private mutating func takeStructure(_ byte: UInt8) throws(JSONFault) {
        switch (self.state, byte) {
        case (.firstElement, UInt8(ascii: "]")), (.firstName, UInt8(ascii: "}")): self.closeLevel()
        case (.value, _), (.firstElement, _): try self.beginValue(byte)
        case (.firstName, UInt8(ascii: "\"")), (.name, UInt8(ascii: "\"")): self.beginString(isName: true)
        case (.colon, UInt8(ascii: ":")): self.state = .value
        case (.afterValue, UInt8(ascii: ",")):
            self.state = self.levels.last?.isObject == true ? .name : .value
            if self.levels.last?.isObject == false { try self.countMember() }
        case (.afterValue, UInt8(ascii: "]")) where self.levels.last?.isObject == false: self.closeLevel()
        case (.afterValue, UInt8(ascii: "}")) where self.levels.last?.isObject == true: self.closeLevel()
        default: throw self.malformed
        }
    }

    private mutating func beginValue(_ byte: UInt8) throws(JSONFault) {
        if case .firstElement = self.state { try self.countMember() }
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard self.levels.count < self.limits.depth else { throw .tooDeep }
            let isObject = byte == UInt8(ascii: "{")
            self.levels.append(Level(isObject: isObject))
            self.sink.open(isObject: isObject)
            self.state = isObject ? .firstName : .firstElement
        case UInt8(ascii: "\""): self.beginString(isName: false)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            self.text = [byte]
            self.state = .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
            self.text = [byte]
            self.state = .literal
        default: throw self.malformed
        }
    }

    private mutating func beginString(isName: Bool) {
        self.text.removeAll(keepingCapacity: true)
        self.isName = isName
        self.state = .string
    }

    private mutating func closeLevel() {
        self.levels.removeLast()
        self.sink.close()
        self.endValue()
    }

    private mutating func endValue() { self.state = self.levels.isEmpty ? .end : .afterValue }

    private mutating func countMember() throws(JSONFault) {
        guard self.members < self.limits.members else { throw .tooManyMembers }
        self.members += 1
    }
}

extension JSONScanner {
    var malformed: JSONFault { .malformed(at: self.position) }

    /// The text is complete.
    mutating func endString() throws(JSONFault) {
        guard let text = String(validating: self.text, as: UTF8.self) else { throw .invalidText }
        guard self.isName else {
            self.sink.scalar(.string(text))
            return self.endValue()
        }
        try self.countMember()
        guard let level = self.levels.indices.last else { throw self.malformed }
        let key = self.limits.allowsCaseVariants ? text : Self.folded(text)
        guard self.levels[level].names.insert(key).inserted else { throw .repeatedName }
        self.sink.name(text)
        self.state = .colon
    }

    private mutating func endNumber() throws(JSONFault) {
        guard JSONNumber.isWellFormed(self.text) else { throw self.malformed }
        self.sink.scalar(.number(String(decoding: self.text, as: UTF8.self)))
        self.endValue()
    }

    private mutating func endLiteral() throws(JSONFault) {
        if self.text.elementsEqual("true".utf8) {
            self.sink.scalar(.bool(true))
        } else if self.text.elementsEqual("false".utf8) {
            self.sink.scalar(.bool(false))
        } else if self.text.elementsEqual("null".utf8) {
            self.sink.scalar(.null)
        } else {
            throw self.malformed
        }
        self.endValue()
    }

    private static func isOfNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }

    /// Names that readers who ignore case take for one have one folded form: upper case first, as some letters meet only
    /// there (U+017F and `s`), then lower case (U+212A and `k`).
    private static func folded(_ name: String) -> String {
        name.utf8.allSatisfy { $0 < 0x80 } ? name.foldedASCII : name.uppercased().lowercased()
    }
}

extension JSONScanner: Sendable where Sink: Sendable {}
