package import MeshProtos

/// How the path of a request is brought to one form (Istio's `MeshConfig.pathNormalization`, with what backends that
/// read path parameters need besides).
///
/// Applied once, before anything looks at a request: what routes and policies see is what is forwarded. The query is
/// never touched; a fragment, which no client may send, is cut off in every mode.
package struct PathNormalization: Hashable, Sendable {
    package enum Mode: Hashable, Sendable {
        /// As sent.
        case none
        /// Dot segments removed (RFC 3986 §5.2.4), backslashes made slashes, escapes of unreserved characters decoded.
        case base
        /// ``base``, and runs of slashes made one.
        case mergeSlashes
        /// ``mergeSlashes``, with escaped slashes and backslashes decoded first.
        case decodeAndMergeSlashes
    }

    /// What becomes of path parameters (RFC 3986 §3.3, `/a;b=c`), which some servers cut off before they look at dot
    /// segments.
    package enum Parameters: Hashable, Sendable { case keep, strip, reject }

    package var mode: Mode
    package var parameters: Parameters
    /// Whether a path must be UTF-8 once its escapes are decoded.
    package var rejectsNonUTF8: Bool

    package init(_ mode: Mode = .base, parameters: Parameters = .keep, rejectsNonUTF8: Bool = false) {
        self.mode = mode
        self.parameters = parameters
        self.rejectsNonUTF8 = rejectsNonUTF8
    }

    /// What the mesh's settings say; nil for a rule that this version does not know.
    package init?(_ settings: TulleL7.WaypointSettings) {
        switch settings.paths {
        case .base: self.init(.base)
        case .none: self.init(.none)
        case .mergeSlashes: self.init(.mergeSlashes)
        case .decodeAndMergeSlashes: self.init(.decodeAndMergeSlashes)
        default: return nil
        }
        switch settings.parameters {
        case .keep: self.parameters = .keep
        case .strip: self.parameters = .strip
        case .reject: self.parameters = .reject
        default: return nil
        }
    }

    /// The normalised form of a request's target: path and query, without fragment.
    ///
    /// `*`, the target of a request about the server itself, stays. A clean target costs one look at its bytes.
    package func normalize(_ target: String) throws(PathNormalizationError) -> String {
        if self.isClean(target.utf8.span) { return target }
        guard target != "*" else { return target }
        let bytes = target.utf8
        guard bytes.first == UInt8(ascii: "/") else { throw .notAbsolute }
        let end = bytes.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? bytes.endIndex
        let queryEnd = bytes[end...].firstIndex(of: UInt8(ascii: "#")) ?? bytes.endIndex
        var path = Array(bytes[..<end])
        try self.check(path)
        if self.mode == .decodeAndMergeSlashes { path = PathText.decodingSlashes(path) }
        if self.mode != .none { path = PathText.decodingUnreserved(path) }
        if self.parameters == .strip { path = PathText.withoutParameters(path) }
        if self.mode != .none { path = PathText.withoutDotSegments(path) }
        if self.mode == .mergeSlashes || self.mode == .decodeAndMergeSlashes { path = PathText.mergingSlashes(path) }
        return String(decoding: path + bytes[end..<queryEnd], as: UTF8.self)
    }

    /// Whether a target is in its normal form in every mode; false when it may be.
    private func isClean(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count > 0, bytes[0] == UInt8(ascii: "/") else { return false }
        var previous = UInt8(ascii: "/")
        var position = 1
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "?"):
                while position < bytes.count, bytes[position] != UInt8(ascii: "#") { position += 1 }
                return position == bytes.count
            case UInt8(ascii: "#"), UInt8(ascii: "%"), UInt8(ascii: "\\"), UInt8(ascii: ";"), 0: return false
            case UInt8(ascii: "/"), UInt8(ascii: "."): if previous == UInt8(ascii: "/") { return false }
            default: break
            }
            previous = byte
            position += 1
        }
        return true
    }

    private func check(_ path: [UInt8]) throws(PathNormalizationError) {
        if self.parameters == .reject, path.contains(UInt8(ascii: ";")) { throw .parameters }
        let decoded = PathText.decoding(path) { _ in true }
        guard !decoded.contains(0) else { throw .nul }
        guard !self.rejectsNonUTF8 || String(validating: decoded, as: UTF8.self) != nil else { throw .notUTF8 }
    }
}

/// Why a path is refused, with 400.
package enum PathNormalizationError: Error, Hashable, Sendable {
    /// It does not begin with a slash.
    case notAbsolute
    /// It has a NUL, escaped or not.
    case nul
    /// It has path parameters, which the mesh refuses.
    case parameters
    /// Its decoded bytes are not UTF-8, which the mesh asks for.
    case notUTF8
}
