/// A path with operators in place of segments (Istio's `paths: ["/foo/{*}/bar/{**}"]`).
///
/// `{*}` is one segment that is not empty; `{**}` any text, the empty one and slashes included. Envoy takes in both only
/// characters that RFC 3986 allows in a path; here they take any, as a policy that denies must not be escaped by an odd
/// byte.
package struct PathTemplate: Hashable, Sendable {
    private enum Segment: Hashable, Sendable {
        case literal([UInt8])
        case one
    }

    /// The segments before `{**}`, or all of them.
    private let head: [Segment]
    /// What follows `{**}`, with its slash; nil for a template without one.
    private let tail: [UInt8]?

    package init(_ text: String) throws(PathTemplateError) {
        var parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)[...]
        guard parts.popFirst()?.isEmpty == true, !parts.isEmpty else { throw .notAbsolute }
        var head: [Segment] = []
        var tail: [UInt8]?
        for part in parts {
            let segment = try Self.segment(part)
            switch segment {
            case .anything:
                guard tail == nil else { throw .operatorAfterLast(String(part) ?? "") }
                tail = []
            case .one:
                guard tail == nil else { throw .operatorAfterLast(String(part) ?? "") }
                head.append(.one)
            case .literal(let bytes):
                if tail == nil {
                    head.append(.literal(bytes))
                } else {
                    tail = (tail ?? []) + [UInt8(ascii: "/")] + bytes
                }
            }
        }
        self.head = head
        self.tail = tail
    }

    private enum Read {
        case literal([UInt8])
        case one, anything
    }

    private static func segment(_ part: Substring.UTF8View) throws(PathTemplateError) -> Read {
        if part.elementsEqual("{*}".utf8) { return .one }
        if part.elementsEqual("{**}".utf8) { return .anything }
        guard part.allSatisfy(self.isLiteral) else { throw .segment(String(part) ?? "") }
        return .literal(Array(part))
    }

    /// RFC 3986's pchar without the asterisk, which would look like a wildcard.
    private static func isLiteral(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x30...0x39: true
        default: "-._~%!$&'()+,;=:@".utf8.contains(byte)
        }
    }

    /// Whether the whole of a path, without its query, has this form.
    package func matches(_ path: Span<UInt8>) -> Bool {
        var position = 0
        for segment in self.head {
            guard position < path.count, path[position] == UInt8(ascii: "/") else { return false }
            position += 1
            let start = position
            while position < path.count, path[position] != UInt8(ascii: "/") { position += 1 }
            switch segment {
            case .one: guard position > start else { return false }
            case .literal(let bytes):
                guard position - start == bytes.count, path.has(bytes, at: start) else { return false }
            }
        }
        guard let tail = self.tail else { return position == path.count }
        guard position < path.count, path[position] == UInt8(ascii: "/") else { return false }
        position += 1
        return path.count - position >= tail.count && path.has(tail, at: path.count - tail.count)
    }

    package func matches(_ path: String) -> Bool { self.matches(path.utf8.span) }
}

/// Why a text is not a path template.
package enum PathTemplateError: Error, Hashable, Sendable {
    /// It does not begin with a slash.
    case notAbsolute
    /// A segment is neither an operator nor made of path characters; the segment.
    case segment(String)
    /// An operator stands behind `{**}`, which must be the last; the operator.
    case operatorAfterLast(String)
}
