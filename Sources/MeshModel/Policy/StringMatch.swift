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
        case .exact(let other): text.utf8.count == other.utf8.count && text.utf8.elementsEqual(other.utf8)
        case .prefix(let start): text.utf8.starts(with: start.utf8)
        case .suffix(let end): text.utf8.reversed().starts(with: end.utf8.reversed())
        case .presence: !text.isEmpty
        }
    }
}
