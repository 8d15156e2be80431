extension HTTPRequest {
    /// Whether no web page is behind the request: a page's own name for our address, or its mark, gives it away.
    package var isLocal: Bool {
        guard self.fields.values(of: "origin").isEmpty else { return false }
        let hosts = self.fields.values(of: "host")
        guard let host = hosts.first else { return true }
        guard hosts.count == 1 else { return false }
        switch DialTarget(authority: host, defaultPort: MeshPorts.admin) {
        case .address: return true
        case .name(let name, _): return name == "localhost"
        case nil: return false
        }
    }
}

extension HTTPResponse {
    /// The refusal of a request that is not ``HTTPRequest/isLocal``.
    package static var notLocal: HTTPResponse {
        HTTPResponse(status: 403, text: "the host must be localhost or an address, and no page may ask\n")
    }

    /// The refusal of a method where only `method` makes sense.
    package static func use(_ method: String) -> HTTPResponse {
        var response = HTTPResponse(status: 405, text: "use \(method)\n")
        response.fields = [HTTPField(name: "Allow", value: method)]
        return response
    }
}
