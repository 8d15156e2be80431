/// Why the text of an expression can't be used.
package enum ExpressionError: Error, Hashable, Sendable {
    /// It is longer than this many bytes.
    case tooLong(limit: Int)
    /// It has more parts, or deeper ones, than allowed.
    case tooComplex
    /// It ends too early.
    case unexpectedEnd
    /// Something else is expected at this byte.
    case unexpected(String, at: Int)
    /// A string does not end, or has an escape that is not known.
    case invalidString(at: Int)
    /// A number does not fit 64 bits, or is not whole.
    case invalidNumber(at: Int)
    /// Nothing has this name.
    case unknownAttribute(String)
    /// No function has this name, or not with these arguments.
    case unknownFunction(String)
    /// The expressions of one configuration ask for too many different headers.
    case tooManyHeaders
}

extension ExpressionError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLong(let limit): "expression longer than \(limit) bytes"
        case .tooComplex: "expression too complex"
        case .unexpectedEnd: "expression ends too early"
        case .unexpected(let text, let place): "unexpected \(text) at byte \(place)"
        case .invalidString(let place): "string at byte \(place) does not end or has an unknown escape"
        case .invalidNumber(let place): "number at byte \(place) is not whole or too large"
        case .unknownAttribute(let name): "unknown attribute \(name)"
        case .unknownFunction(let name): "unknown function \(name), or wrong arguments for it"
        case .tooManyHeaders: "more than \(HeaderPlan.maximumNames) different headers are asked for"
        }
    }
}
