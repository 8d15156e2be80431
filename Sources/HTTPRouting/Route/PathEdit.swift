package import MeshProtos

/// A change of the path, the query aside: `TulleL7.PathChange` read once.
package enum PathEdit: Sendable {
    /// All of it.
    case full(String)
    /// The matched prefix, by segments.
    case segments(String)
    /// The matched prefix, by bytes.
    case text(String)
    /// What a pattern finds.
    case regex(RegularExpressionRewrite)

    package init(_ change: TulleL7.PathChange) throws(RouteFault) {
        guard Self.canStand(change.value) else { throw .urlPart(change.value) }
        switch change.kind {
        case .full: self = .full(change.value)
        case .segmentPrefix: self = .segments(change.value)
        case .stringPrefix: self = .text(change.value)
        case .regex:
            do throws(RegularExpressionError) {
                let pattern = try RegularExpression(change.pattern)
                self = .regex(try RegularExpressionRewrite(pattern, substitution: change.value))
            } catch {
                throw .pattern(change.pattern, error)
            }
        default: throw .pathKind(change.kind.rawValue)
        }
    }

    /// Whether a text may be a part of a request line and of `Location`.
    static func canStand(_ text: String) -> Bool { text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f } }

    /// The new path, which begins with a slash; nil where a replacement passes its bounds.
    ///
    /// - Parameters:
    ///   - path: the path without its query.
    ///   - matched: what of it the route matched.
    package func changing(_ path: String, matched: MatchedPath) -> String? {
        let result: String
        switch (self, matched) {
        case (.full(let value), _), (.segments(let value), .whole), (.text(let value), .whole): result = value
        case (.segments(let value), .nothing): result = PathRewrite.replacingSegments("/", of: path, by: value)
        case (.segments(let value), .prefix(let prefix)):
            result = PathRewrite.replacingSegments(prefix, of: path, by: value)
        case (.text(let value), .nothing): result = PathRewrite.replacingText("/", of: path, by: value)
        case (.text(let value), .prefix(let prefix)):
            result = PathRewrite.replacingText(prefix, of: path, by: value)
        case (.regex(let rewrite), _):
            guard let text = rewrite.replacing(in: path) else { return nil }
            result = text
        }
        return result.utf8.first == UInt8(ascii: "/") ? result : "/" + result
    }
}
