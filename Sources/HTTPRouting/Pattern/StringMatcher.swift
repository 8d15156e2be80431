package import MeshProtos

/// A condition on a text, ready to be asked: `TulleL7.StringMatch` read once.
///
/// Compares bytes. Case is ignored for ASCII letters only, but for patterns, which fold as RE2 does.
package struct StringMatcher: Sendable {
    package enum Kind: Sendable {
        case exact([UInt8])
        case prefix([UInt8])
        case suffix([UInt8])
        case regex(RegularExpression)
        /// It is there, be it empty.
        case present
    }

    package let kind: Kind
    package let ignoresCase: Bool

    package init(_ match: TulleL7.StringMatch) throws(StringMatcherError) {
        let bytes = match.ignoreCase ? match.value.utf8.map(\.asciiLowercased) : Array(match.value.utf8)
        self.ignoresCase = match.ignoreCase
        switch match.kind {
        case .exact: self.kind = .exact(bytes)
        case .prefix: self.kind = .prefix(bytes)
        case .suffix: self.kind = .suffix(bytes)
        case .present: self.kind = .present
        // Not a pattern, but Istio's way to ask for presence.
        case .regex where match.value == "*": self.kind = .present
        case .regex:
            do throws(RegularExpressionError) {
                self.kind = .regex(try RegularExpression(match.value, ignoringCase: match.ignoreCase))
            } catch {
                throw .pattern(match.value, error)
            }
        default: throw .unknownKind(match.kind.rawValue)
        }
    }

    /// Whether a text passes.
    package func matches(_ bytes: Span<UInt8>) -> Bool {
        switch self.kind {
        case .exact(let other): bytes.count == other.count && self.has(other, at: 0, in: bytes)
        case .prefix(let other): self.has(other, at: 0, in: bytes)
        case .suffix(let other): self.has(other, at: bytes.count - other.count, in: bytes)
        case .regex(let pattern): pattern.matchesWhole(bytes)
        case .present: true
        }
    }

    package func matches(_ text: String) -> Bool { self.matches(text.utf8.span) }

    private func has(_ other: [UInt8], at position: Int, in bytes: Span<UInt8>) -> Bool {
        self.ignoresCase ? bytes.hasFolded(other, at: position) : bytes.has(other, at: position)
    }
}

/// Why a condition can't be asked.
package enum StringMatcherError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Its pattern, and what is wrong with it.
    case pattern(String, RegularExpressionError)
    /// A way to compare that this version does not know.
    case unknownKind(Int32)

    package var description: String {
        switch self {
        case .pattern(let pattern, let error): "the pattern '\(pattern)' is not valid: \(error)"
        case .unknownKind(let kind): "the comparison \(kind) is not known"
        }
    }
}
