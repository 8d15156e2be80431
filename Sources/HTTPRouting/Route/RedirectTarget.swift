package import MeshProtos

/// Where a client is sent instead: `TulleL7.Redirect` read once.
package struct RedirectTarget: Sendable {
    /// 301, 302, 303, 307 or 308.
    package let status: Int
    /// nil keeps the request's.
    let scheme: String?
    let host: String?
    let path: PathEdit?
    private let port: Port

    private enum Port: Hashable, Sendable {
        /// This one.
        case number(UInt16)
        /// The scheme's own.
        case scheme
        /// The one that was asked, the Gateway API's way: it is not written where it is the scheme's own.
        case asked
        /// The one that was asked, Istio's way: where it is the scheme's own the authority stays as it was sent.
        case askedOrSent
        /// As the authority was sent.
        case sent
    }

    package init(_ redirect: TulleL7.Redirect) throws(RouteFault) {
        for part in [redirect.scheme, redirect.host] {
            guard PathEdit.canStand(part), !part.utf8.contains(where: { "/?#@\\".utf8.contains($0) }) else {
                throw .urlPart(part)
            }
        }
        switch redirect.status {
        case 301, 302, 303, 307, 308: self.status = Int(redirect.status)
        case 0: self.status = redirect.portRule == .gateway ? 302 : 301
        default: throw .status(redirect.status)
        }
        self.scheme = redirect.scheme.isEmpty ? nil : redirect.scheme
        self.host = redirect.host.isEmpty ? nil : redirect.host
        var edit: PathEdit?
        if let path = redirect.path { edit = try PathEdit(path) }
        self.path = edit
        if redirect.port != 0 {
            guard let port = UInt16(exactly: redirect.port) else { throw .urlPart(String(redirect.port)) }
            self.port = .number(port)
        } else {
            switch redirect.portRule {
            case .gateway: self.port = redirect.scheme.isEmpty ? .asked : .scheme
            case .protocolDefault: self.port = .scheme
            case .request: self.port = .askedOrSent
            case .keep: self.port = .sent
            default: throw .urlPart("port rule \(redirect.portRule.rawValue)")
            }
        }
    }

    /// The answer to a request.
    ///
    /// - Parameter port: the service's port that was asked.
    package func reply(to request: borrowing RequestView, matched: MatchedPath, port: UInt16) -> LocalReply {
        let scheme = self.scheme ?? request.scheme
        let authority = self.authority(of: request.authority, from: request.scheme, to: scheme, asked: port)
        var target = request.path
        if let path = self.path {
            guard let changed = path.changing(request.path, matched: matched) else {
                return .invalidRoute(reason: "the redirect's path is too long")
            }
            target = changed
        }
        if let query = request.query, !target.utf8.contains(UInt8(ascii: "?")) { target += "?\(query)" }
        return .redirect(status: self.status, location: "\(scheme)://\(authority)\(target)")
    }

    private func authority(of sent: String, from: String, to scheme: String, asked: UInt16) -> String {
        let usual = Self.usualPort(of: scheme)
        // The port that is written; nil for none.
        var written: UInt16?
        // Whether a port that was sent goes.
        var dropsSent = true
        switch self.port {
        case .number(let number): written = number == usual ? nil : number
        case .scheme: break
        case .asked: written = asked == usual ? nil : asked
        case .askedOrSent:
            written = asked == usual ? nil : asked
            dropsSent = written != nil
        case .sent: dropsSent = false
        }
        if let host = self.host { return host + (written.map { ":\($0)" } ?? "") }
        let parts = AuthorityText(sent)
        if !dropsSent, scheme != from, parts.port == Self.usualPort(of: from).map(String.init) { dropsSent = true }
        return (dropsSent ? parts.host : sent) + (written.map { ":\($0)" } ?? "")
    }

    private static func usualPort(of scheme: String) -> UInt16? {
        switch scheme {
        case "http": 80
        case "https": 443
        default: nil
        }
    }
}

/// Host and port of an authority as it was sent (RFC 3986 §3.2).
struct AuthorityText: Hashable, Sendable {
    /// With the brackets of an IPv6 address.
    let host: String
    /// nil without one.
    let port: String?

    init(_ text: String) {
        let bytes = text.utf8
        let isBracketed = bytes.first == UInt8(ascii: "[")
        guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")),
            !isBracketed || bytes[..<colon].last == UInt8(ascii: "]")
        else {
            self.host = text
            self.port = nil
            return
        }
        self.host = String(text[..<colon])
        self.port = String(text[text.index(after: colon)...])
    }
}
