/// Replaces the part of a path that a route matched.
package enum PathRewrite {
    /// Gateway API's `ReplacePrefixMatch`: segments are replaced by segments, and the result begins with a slash.
    ///
    /// - Parameters:
    ///   - path: the path without its query, which `prefix` matches segment by segment.
    ///   - prefix: the matched prefix; a slash at its end does not count.
    ///   - replacement: what stands in its place; empty to strip the prefix.
    package static func replacingSegments(_ prefix: String, of path: String, by replacement: String) -> String {
        let matched = self.withoutLastSlash(prefix.utf8[...]).count
        let result = self.withoutLastSlash(replacement.utf8[...]) + path.utf8.dropFirst(matched)
        guard result.first == UInt8(ascii: "/") else { return "/" + String(decoding: result, as: UTF8.self) }
        return String(decoding: result, as: UTF8.self)
    }

    /// VirtualService's `rewrite.uri` behind a prefix match: text is replaced by text.
    package static func replacingText(_ prefix: String, of path: String, by replacement: String) -> String {
        String(decoding: Array(replacement.utf8) + path.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
    }

    private static func withoutLastSlash(_ text: Substring.UTF8View) -> [UInt8] {
        Array(text.last == UInt8(ascii: "/") ? text.dropLast() : text)
    }
}
