/// Why a part of a route can't be carried out. A route that has one answers with an error; it is never skipped.
package enum RouteFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// A condition on a text.
    case match(StringMatcherError)
    /// A condition on something that is neither a header nor a claim; its name.
    case header(String)
    /// A way to compare paths that this version does not know.
    case pathKind(Int32)
    /// A pattern of a path or a rewrite, and what is wrong with it.
    case pattern(String, RegularExpressionError)
    /// A field that a rule may not change; its name.
    case fieldName(String)
    /// A field's value that can't be sent; the field's name.
    case fieldValue(String)
    /// A status that a rule can't answer with.
    case status(UInt32)
    /// A destination without a cluster.
    case destination(String)
    /// An entry without an action; the place that it names.
    case action(UInt32)
    /// An action that says nothing of where requests go.
    case nothing
    /// A part of a redirect or rewrite that can't stand in a URL; the part.
    case urlPart(String)
    /// A pattern of origins that is not one.
    case origin(String)
    /// A policy for retries, and what is wrong with it.
    case retry(String)

    package var description: String {
        switch self {
        case .retry(let reason): "retries: \(reason)"
        case .match(let error): "\(error)"
        case .header(let name): "'\(name)' is neither a header nor a claim"
        case .pathKind(let kind): "the comparison of paths \(kind) is not known"
        case .pattern(let pattern, let error): "the pattern '\(pattern)' is not valid: \(error)"
        case .fieldName(let name): "the header '\(name)' can't be changed"
        case .fieldValue(let name): "the value for the header '\(name)' can't be sent"
        case .status(let status): "the status \(status) can't be answered"
        case .destination(let reason): reason.isEmpty ? "the destination is not valid" : reason
        case .action(let place): "there is no action \(place)"
        case .nothing: "it does not say where requests go"
        case .urlPart(let part): "'\(part)' can't stand in a URL"
        case .origin(let pattern): "'\(pattern)' is not a pattern of origins"
        }
    }
}
