/// What of a path a route matched.
package enum MatchedPath: Hashable, Sendable {
    /// Nothing was asked of it.
    case nothing
    /// All of it, by a pattern.
    case whole
    /// This many bytes from the start, without a slash at the end for a prefix of segments.
    case prefix(String)

    init(_ condition: PathCondition, written: String) {
        switch condition {
        case .any: self = .nothing
        case .regex: self = .whole
        case .exact, .text, .segments: self = .prefix(written)
        }
    }
}
