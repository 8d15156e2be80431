/// A test of a text, byte by byte and case-sensitive.
package enum StringMatch: Hashable, Sendable {
    /// Equal.
    case exact(String)
    /// Begins with.
    case prefix(String)
    /// Ends with.
    case suffix(String)
    /// Not empty.
    case presence

    /// Whether `text` passes.
    ///
    /// Bytes are compared, as Swift's own comparison takes canonically equivalent texts for equal.
    package func matches(_ text: String) -> Bool {
        switch self {
        case .exact(let other): Self.areEqual(text, other)
        case .prefix(let start): text.utf8.starts(with: start.utf8)
        case .suffix(let end): text.utf8.reversed().starts(with: end.utf8.reversed())
        case .presence: !text.isEmpty
        }
    }

    /// Whether both have the same bytes. What differs as a text, as most do, is told apart before the bytes are looked at.
    static func areEqual(_ one: String, _ other: String) -> Bool {
        guard one.utf8.count == other.utf8.count, one == other else { return false }
        return one.utf8.withContiguousStorageIfAvailable { bytes in
            other.utf8.withContiguousStorageIfAvailable { bytes.elementsEqual($0) }
        }.flatMap(\.self) ?? one.utf8.elementsEqual(other.utf8)
    }
}
