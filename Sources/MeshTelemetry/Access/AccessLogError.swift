/// Why the format of an access log can't be used.
package enum AccessLogError: Error, Hashable, Sendable {
    /// It is longer than this many bytes, or has more parts than allowed.
    case tooLong(limit: Int)
    /// An operator does not end, or is not written as one, at this byte.
    case malformed(at: Int)
    /// No operator has this name.
    case unknownOperator(String)
    /// An operator can't be used with what stands in its parentheses.
    case invalidArgument(operator: String, argument: String)
    /// The expression of `CEL` can't be used.
    case expression(ExpressionError)
    /// Formats ask for too many different headers.
    case tooManyHeaders
}

extension AccessLogError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLong(let limit): "format longer than \(limit)"
        case .malformed(let place): "malformed operator at byte \(place); a percent sign is written %%"
        case .unknownOperator(let name): "unknown operator \(name)"
        case .invalidArgument(let name, let argument): "operator \(name) can't be used with (\(argument))"
        case .expression(let error): "CEL: \(error)"
        case .tooManyHeaders: "more than \(HeaderPlan.maximumNames) different headers are asked for"
        }
    }
}
