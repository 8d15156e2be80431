import DataPlane

/// A plain proxy request, rewritten for the origin that it names.
struct HTTPForwardRequest: Hashable {
    /// The origin.
    var target: DialTarget
    /// The request's head as the origin gets it, with its blank line.
    var head: [UInt8]
    /// How much of what the client sends still belongs to the request.
    var body: HTTPBodyLength

    /// Fields that end at a proxy (RFC 9110 §7.6.1, §11.7), and `Host`, which follows from the target.
    private static let droppedFields: Set<String> = [
        "connection", "host", "keep-alive", "proxy-authorization", "proxy-connection", "te", "upgrade",
    ]

    /// Rewrites `METHOD http://host/path` to origin-form.
    static func rewriting(
        _ line: HTTPRequestLine,
        fields: [HTTPField]
    ) -> Result<HTTPForwardRequest, CaptureRefusal> {
        guard !line.target.hasPrefix("/"), let colon = line.target.firstIndex(of: ":"),
            line.target[colon...].hasPrefix("://")
        else { return .failure(.httpNotAProxyRequest) }
        guard line.target[..<colon].lowercased() == "http" else { return .failure(.httpSchemeRefused) }
        let rest = line.target[colon...].dropFirst("://".count)
        guard !rest.utf8.contains(UInt8(ascii: "#")), fields.values(of: "host").count <= 1 else {
            return .failure(.httpMalformed)
        }
        let authorityEnd = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard let target = DialTarget(authority: rest[..<authorityEnd], defaultPort: 80) else {
            return .failure(.targetInvalid)
        }
        guard let length = HTTPBodyLength(fields), length != .chunked || line.minorVersion == 1 else {
            return .failure(.httpMalformed)
        }

        var path = String(rest[authorityEnd...])
        if !path.hasPrefix("/") { path = (line.method == "OPTIONS" && path.isEmpty ? "*" : "/") + path }
        var head = "\(line.method) \(path) HTTP/1.\(line.minorVersion)\r\nHost: \(rest[..<authorityEnd])\r\n"
        let named = Self.namedByConnection(fields)
        for field in fields {
            let name = field.name.lowercased()
            // A length field stays even where `Connection` names it: without it the body would become a request.
            let isFraming = name == "content-length" || name == "transfer-encoding"
            guard isFraming || !Self.droppedFields.contains(name) && !named.contains(name) else { continue }
            head += "\(field.name): \(field.value)\r\n"
        }
        head += "Connection: close\r\n\r\n"
        return .success(HTTPForwardRequest(target: target, head: Array(head.utf8), body: length))
    }

    /// The fields that the client's `Connection` declares to be for the proxy only.
    private static func namedByConnection(_ fields: [HTTPField]) -> Set<String> {
        let names = fields.values(of: "connection").flatMap { $0.split(separator: ",") }
        return Set(names.map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() })
    }
}
