/// Makes a value of a JSON text.
struct JSONTree: JSONSink {
    private enum Part {
        case list([ClaimValue])
        case object([ClaimValue.Member], name: String)
    }

    private var open: [Part] = []
    /// The value, once the text has ended.
    private(set) var value: ClaimValue?

    /// Reads a whole text.
    static func read(_ bytes: some Sequence<UInt8>, limits: JSONLimits) throws(JSONFault) -> ClaimValue {
        var scanner = JSONScanner(limits: limits, sink: JSONTree())
        try scanner.take(bytes)
        try scanner.finish()
        guard let value = scanner.sink.value else { throw .incomplete }
        return value
    }

    mutating func open(isObject: Bool) { self.open.append(isObject ? .object([], name: "") : .list([])) }

    mutating func name(_ name: String) {
        guard case .object(let members, _)? = self.open.popLast() else { return }
        self.open.append(.object(members, name: name))
    }

    mutating func scalar(_ value: JSONScalar) {
        switch value {
        case .null: self.add(.null)
        case .bool(let flag): self.add(.bool(flag))
        case .number(let text): self.add(.number(text))
        case .string(let text): self.add(.string(text))
        }
    }

    mutating func close() {
        switch self.open.popLast() {
        case .list(let values)?: self.add(.list(values))
        case .object(let members, _)?: self.add(.object(members))
        case nil: break
        }
    }

    private mutating func add(_ value: ClaimValue) {
        // Taken out and put back, so that arrays grow in place.
        switch self.open.popLast() {
        case .list(var values)?:
            values.append(value)
            self.open.append(.list(values))
        case .object(var members, let name)?:
            members.append(ClaimValue.Member(name: name, value: value))
            self.open.append(.object(members, name: name))
        case nil: self.value = value
        }
    }
}
