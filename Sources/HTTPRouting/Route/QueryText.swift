/// The query of a request, as it was sent: nothing of it is decoded.
enum QueryText {
    /// Where the value of a parameter's first occurrence stands; nil where it is not there. A parameter without `=` has
    /// the empty value.
    static func value(of name: [UInt8], in query: Span<UInt8>) -> Range<Int>? {
        var start = 0
        while start < query.count {
            var end = start
            var equals: Int?
            while end < query.count, query[end] != UInt8(ascii: "&") {
                if equals == nil, query[end] == UInt8(ascii: "=") { equals = end }
                end += 1
            }
            let nameEnd = equals ?? end
            if nameEnd - start == name.count, query.has(name, at: start) {
                return equals.map { ($0 + 1)..<end } ?? end..<end
            }
            start = end + 1
        }
        return nil
    }
}
