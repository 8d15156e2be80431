/// Why a text is not a pattern that Tulle matches.
package enum RegularExpressionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// It has this many bytes; ``RegularExpression/maximumBytes`` are allowed.
    case tooLong(bytes: Int)
    /// Groups stand in each other deeper than ``RegularExpression/maximumDepth``.
    case tooDeep
    /// Its program has more than ``RegularExpression/maximumUnits`` units.
    case tooLarge
    /// What is wrong, and before how many characters from the end of the pattern.
    case syntax(String, rest: Int)

    package var description: String {
        switch self {
        case .tooLong(let bytes):
            "the pattern has \(bytes) bytes, at most \(RegularExpression.maximumBytes) are allowed"
        case .tooDeep: "more than \(RegularExpression.maximumDepth) groups stand in each other"
        case .tooLarge: "the pattern's program has more than \(RegularExpression.maximumUnits) units"
        case .syntax(let fault, let rest): "\(fault), \(rest) characters before the end"
        }
    }
}
