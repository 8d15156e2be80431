/// The pairs of a query (`a=1&b=2`), each as it was sent and decoded.
struct QueryPairs: Sequence {
    struct Pair {
        /// As it was sent.
        let sent: Substring.UTF8View
        let name: String
        let value: String

        func isNamed(_ name: String) -> Bool { self.name.utf8.elementsEqual(name.utf8) }
    }

    private let query: String

    init(_ query: String) { self.query = query }

    func makeIterator() -> AnyIterator<Pair> {
        var rest: Substring.UTF8View? = self.query.utf8[...]
        return AnyIterator {
            guard let pairs = rest else { return nil }
            let end = pairs.firstIndex(of: UInt8(ascii: "&"))
            let sent = end.map { pairs[..<$0] } ?? pairs
            rest = end.map { pairs[pairs.index(after: $0)...] }
            let equals = sent.firstIndex(of: UInt8(ascii: "="))
            let value = equals.map { Self.decoded(sent[sent.index(after: $0)...]) } ?? ""
            return Pair(sent: sent, name: Self.decoded(equals.map { sent[..<$0] } ?? sent), value: value)
        }
    }

    /// The query without the pairs of these names; nil where none is left.
    func removing(_ names: [String]) -> String? {
        var kept: [UInt8] = []
        var isFirst = true
        for pair in self where !names.contains(where: pair.isNamed) {
            if !isFirst { kept.append(UInt8(ascii: "&")) }
            kept.append(contentsOf: pair.sent)
            isFirst = false
        }
        return isFirst ? nil : String(decoding: kept, as: UTF8.self)
    }

    /// With `%XX` decoded; what is no escape stays, and so does what is not UTF-8, as a replacement character.
    private static func decoded(_ text: Substring.UTF8View) -> String {
        guard text.contains(UInt8(ascii: "%")) else { return String(decoding: text, as: UTF8.self) }
        return String(decoding: PercentDecoding.decode(text, plusIsBlank: false).bytes, as: UTF8.self)
    }
}
