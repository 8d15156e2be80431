package import MeshProtos

/// A condition on the path, without its query.
package enum PathCondition: Sendable {
    /// Any path.
    case any
    /// All of it.
    case exact([UInt8], ignoresCase: Bool)
    /// Whole segments from the start; the slash at the end is off.
    case segments([UInt8], ignoresCase: Bool)
    /// Bytes from the start.
    case text([UInt8], ignoresCase: Bool)
    case regex(RegularExpression)

    package init(_ match: TulleL7.PathMatch?) throws(RouteFault) {
        guard let match else {
            self = .any
            return
        }
        var bytes = match.ignoreCase ? match.value.utf8.map(\.asciiLowercased) : Array(match.value.utf8)
        switch match.kind {
        case .exact: self = .exact(bytes, ignoresCase: match.ignoreCase)
        case .segmentPrefix:
            if bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
            self = .segments(bytes, ignoresCase: match.ignoreCase)
        case .stringPrefix: self = .text(bytes, ignoresCase: match.ignoreCase)
        case .regex:
            do throws(RegularExpressionError) {
                self = .regex(try RegularExpression(match.value, ignoringCase: match.ignoreCase))
            } catch {
                throw .pattern(match.value, error)
            }
        default: throw .pathKind(match.kind.rawValue)
        }
    }

    /// Whether a path passes.
    package func holds(for path: Span<UInt8>) -> Bool {
        switch self {
        case .any: true
        case .exact(let bytes, let ignoresCase):
            path.count == bytes.count && Self.begins(path, with: bytes, ignoresCase)
        case .segments(let bytes, let ignoresCase):
            Self.begins(path, with: bytes, ignoresCase)
                && (path.count == bytes.count ? !bytes.isEmpty : path[bytes.count] == UInt8(ascii: "/"))
        case .text(let bytes, let ignoresCase): Self.begins(path, with: bytes, ignoresCase)
        case .regex(let pattern): pattern.matchesWhole(path)
        }
    }

    private static func begins(_ path: Span<UInt8>, with bytes: [UInt8], _ ignoresCase: Bool) -> Bool {
        ignoresCase ? path.hasFolded(bytes, at: 0) : path.has(bytes, at: 0)
    }
}
