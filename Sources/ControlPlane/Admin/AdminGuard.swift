import NIOHTTP1

/// What a request's head must be like before anything is done for it.
///
/// A browser on the operator's machine is the one to keep out: a page that it shows may make it send requests to
/// loopback, directly or by a name of the page's own that suddenly stands for 127.0.0.1.
struct AdminGuard: Sendable {
    /// The media types that a body may have. None is among those that a page may send without asking first.
    static let mediaTypes = ["application/json", "application/yaml", "application/x-yaml", "text/yaml"]

    /// Whether the listener is on loopback, where every honest caller names loopback as the host.
    let isLoopback: Bool

    /// - Throws: `AdminFault`.
    func check(_ head: HTTPRequestHead) throws(AdminFault) {
        let bytes = head.headers.reduce(head.uri.utf8.count) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
        guard bytes <= AdminRequest.headBytes else {
            throw AdminFault(.headTooLarge, "the head has \(bytes) bytes, at most \(AdminRequest.headBytes)")
        }
        if self.isLoopback { try Self.checkHost(head.headers["host"]) }
        guard head.method != .GET, head.method != .HEAD else { return }
        guard [.POST, .PUT, .DELETE].contains(head.method) else {
            throw AdminFault(.methodNotAllowed, "allowed are GET, HEAD, POST, PUT and DELETE")
        }
        for name in ["origin", "sec-fetch-site"] where head.headers.contains(name: name) {
            throw AdminFault(.foreignOrigin, "browsers may not write here; the request has the header '\(name)'")
        }
    }

    private static func checkHost(_ values: [String]) throws(AdminFault) {
        guard values.count == 1, let host = values.first, self.isLoopback(host) else {
            throw AdminFault(
                .foreignHost,
                "the host must be localhost or a loopback address, not '\(values.joined(separator: ", ").prefix(128))'"
            )
        }
    }

    private static func isLoopback(_ host: String) -> Bool {
        var name = host.lowercased()[...]
        if name.hasPrefix("[") {
            guard let end = name.firstIndex(of: "]") else { return false }
            let rest = name[name.index(after: end)...]
            return name[...end] == "[::1]" && (rest.isEmpty || self.isPort(rest))
        }
        if let colon = name.firstIndex(of: ":") {
            guard self.isPort(name[colon...]) else { return false }
            name = name[..<colon]
        }
        if name == "localhost" { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.first == ":" && UInt16(text.dropFirst()) != nil
    }

    /// The media type of a body, which must have one that we read.
    ///
    /// - Throws: `AdminFault` with `unsupported_media_type`.
    static func mediaType(_ headers: HTTPHeaders) throws(AdminFault) -> String {
        let text = headers.first(name: "content-type") ?? ""
        let type = text.split(separator: ";").first.map { $0.filter { $0 != " " }.lowercased() } ?? ""
        guard Self.mediaTypes.contains(type) else {
            throw AdminFault(
                .unsupportedMediaType,
                "content-type is '\(text.prefix(128))', allowed: \(Self.mediaTypes.joined(separator: ", "))"
            )
        }
        return type
    }
}
