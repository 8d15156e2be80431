extension Expression {
    /// The value of a part; nil when it fails. As deep as the parser allows parts to be.
    static func evaluate(_ node: Node, _ record: RequestRecord) -> ExpressionValue? {
        switch node {
        case .constant(let value): return value
        case .attribute(let attribute): return attribute.value(record)
        case .peer(let isUpstream, let attribute):
            return attribute.value(isUpstream ? record.destination : record.source)
        case .header(let list, let place): return record.header(list, place).map { .text($0) }
        case .not(let node):
            guard case .truth(let truth) = self.evaluate(node, record) else { return nil }
            return .truth(!truth)
        case .and(let left, let right): return self.junction(left, right, record, decides: false)
        case .or(let left, let right): return self.junction(left, right, record, decides: true)
        case .compare(let comparison, let left, let right):
            guard let one = self.evaluate(left, record), let two = self.evaluate(right, record) else { return nil }
            return self.compare(comparison, one, two).map { .truth($0) }
        case .choose(let condition, let yes, let no):
            guard case .truth(let truth) = self.evaluate(condition, record) else { return nil }
            return self.evaluate(truth ? yes : no, record)
        case .isMember(let node, let list):
            guard let value = self.evaluate(node, record), case .list(let values) = self.evaluate(list, record) else {
                return nil
            }
            return .truth(values.contains { $0.equals(value) == true })
        case .list(let nodes):
            var values: [ExpressionValue] = []
            for node in nodes {
                guard let value = self.evaluate(node, record) else { return nil }
                values.append(value)
            }
            return .list(values)
        case .joined(let left, let right):
            guard case .text(let one) = self.evaluate(left, record), case .text(let two) = self.evaluate(right, record),
                one.utf8.count + two.utf8.count <= self.maximumResultBytes
            else { return nil }
            return .text(one + two)
        case .has(let node): return .truth(self.evaluate(node, record) != nil)
        case .call(let function, let node, let argument):
            guard let value = self.evaluate(node, record) else { return nil }
            guard let argument else { return self.call(function, value) }
            guard let other = self.evaluate(argument, record) else { return nil }
            return self.call(function, value, other)
        }
    }

    /// The longest text that joining may make.
    private static let maximumResultBytes = 16_384

    /// `&&` and `||`: one side that `decides` is enough, whatever becomes of the other.
    private static func junction(
        _ left: Node,
        _ right: Node,
        _ record: RequestRecord,
        decides: Bool
    ) -> ExpressionValue? {
        let one = self.evaluate(left, record)
        if one == .truth(decides) { return one }
        let two = self.evaluate(right, record)
        if two == .truth(decides) { return two }
        return one == .truth(!decides) && two == .truth(!decides) ? .truth(!decides) : nil
    }

    private static func compare(_ comparison: Comparison, _ one: ExpressionValue, _ two: ExpressionValue) -> Bool? {
        switch comparison {
        case .equal: one.equals(two)
        case .unequal: one.equals(two).map { !$0 }
        case .less: one.precedes(two)
        case .lessOrEqual: two.precedes(one).map { !$0 }
        case .greater: two.precedes(one)
        case .greaterOrEqual: one.precedes(two).map { !$0 }
        }
    }

    private static func call(_ function: Function, _ value: ExpressionValue) -> ExpressionValue? {
        switch (function, value) {
        // CEL counts characters; so do the names that people write.
        case (.size, .text(let text)): .number(Int64(text.unicodeScalars.count))
        case (.size, .list(let values)): .number(Int64(values.count))
        case (.lowerAscii, .text(let text)):
            .text(String(decoding: text.utf8.map { (65...90).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self))
        case (.string, .text): value
        case (.string, .number(let number)): .text("\(number)")
        case (.string, .truth(let truth)): .text(truth ? "true" : "false")
        case (.int, .number): value
        case (.int, .text(let text)): Int64(text).map { .number($0) }
        default: nil
        }
    }

    private static func call(
        _ function: Function,
        _ value: ExpressionValue,
        _ argument: ExpressionValue
    ) -> ExpressionValue? {
        guard case .text(let text) = value, case .text(let part) = argument else { return nil }
        switch function {
        case .startsWith: return .truth(text.utf8.starts(with: part.utf8))
        case .endsWith: return .truth(text.utf8.reversed().starts(with: part.utf8.reversed()))
        case .contains: return .truth(self.contains(Array(text.utf8), Array(part.utf8)))
        default: return nil
        }
    }

    private static func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
        guard let first = part.first else { return true }
        guard part.count <= text.count else { return false }
        for start in 0...(text.count - part.count) where text[start] == first {
            if text[start..<start + part.count].elementsEqual(part) { return true }
        }
        return false
    }
}
