import MeshModel

/// Heads of HTTP/2 (RFC 9113 §8.3) in the form of both versions, and back. The lists were checked by the core's rules.
enum HTTP2Head {
    /// A request, and how long its body must be.
    static func request(
        _ headers: [HTTP2Header],
        endStream: Bool,
        limits: HTTPLimits
    ) -> Result<(head: HTTPRequestHead, length: Int?), HTTPRefusal> {
        if let refusal = self.excess(headers, limits) { return .failure(refusal) }
        var head = HTTPRequestHead(method: "", scheme: "", authority: "", path: "")
        head.fields.reserveCapacity(headers.count)
        for header in headers {
            switch header.name {
            case ":method": head.method = header.value
            case ":scheme": head.scheme = header.value
            case ":authority": head.authority = header.value
            case ":path": head.path = header.value
            case ":protocol": head.upgrade = header.value
            case "host": if head.authority.isEmpty { head.authority = header.value }
            default: head.fields.append(self.guarded(header))
            }
        }
        guard HTTP1Method.isValid(head.method) else { return .failure(.methodInvalid) }
        if head.method == "CONNECT" {
            if head.upgrade == nil { head.scheme = "http" } else { head.method = "GET" }
        }
        guard head.scheme == "http" || head.scheme == "https" else { return .failure(.schemeInvalid) }
        guard !head.authority.isEmpty else { return .failure(.hostMissing) }
        guard HTTP1Target.isAuthority(head.authority) else { return .failure(.hostInvalid) }
        // A body that another protocol takes the place of has no length.
        if head.upgrade != nil { head.fields.remove(named: "content-length") }
        switch self.length(&head.fields) {
        case .failure(let refusal): return .failure(refusal)
        case .success(let length):
            if endStream, let length, length != 0 { return .failure(.lengthMismatch) }
            return .success((head, length))
        }
    }

    /// A response.
    static func response(_ headers: [HTTP2Header]) -> HTTPResponseHead {
        var head = HTTPResponseHead(status: 0)
        head.fields.reserveCapacity(headers.count)
        for header in headers {
            if header.name == ":status" {
                head.status = Int(header.value) ?? 0
            } else {
                head.fields.append(self.guarded(header))
            }
        }
        return head
    }

    /// What is wrong with the size of a list, if anything.
    static func excess(_ headers: [HTTP2Header], _ limits: HTTPLimits) -> HTTPRefusal? {
        var count = 0
        var size = 0
        for header in headers {
            if header.name.utf8.first != UInt8(ascii: ":") { count += 1 }
            size += header.name.utf8.count + header.value.utf8.count
        }
        if size > limits.headBytes { return .headTooLarge }
        return count > limits.fields ? .tooManyFields : nil
    }

    /// The one length that the fields give, which is left in them once.
    static func length(_ fields: inout [HeaderField]) -> Result<Int?, HTTPRefusal> {
        var length: Int?
        var count = 0
        for field in fields where field.name == "content-length" {
            guard let value = HTTP1Length.parse(field.value) else { return .failure(.lengthInvalid) }
            if let length, length != value { return .failure(.lengthsDiffer) }
            length = value
            count += 1
        }
        if count > 1, let length { fields.set("content-length", String(length)) }
        return .success(length)
    }

    /// What a request says in HTTP/2.
    static func fields(of head: HTTPRequestHead) -> [HTTP2Header] {
        var fields: [HTTP2Header] = []
        fields.reserveCapacity(head.fields.count + 5)
        if let upgrade = head.upgrade {
            fields.append(HTTP2Header(":method", "CONNECT"))
            fields.append(HTTP2Header(":protocol", upgrade))
        } else {
            fields.append(HTTP2Header(":method", head.method))
        }
        if head.upgrade != nil || head.method != "CONNECT" {
            fields.append(HTTP2Header(":scheme", head.scheme))
            fields.append(HTTP2Header(":path", head.path))
        }
        fields.append(HTTP2Header(":authority", head.authority))
        for field in head.fields where self.goesOn(field) {
            if head.upgrade != nil, self.isHandshake(field.name) { continue }
            fields.append(field)
        }
        return fields
    }

    /// What a response says in HTTP/2.
    static func fields(of head: HTTPResponseHead) -> [HTTP2Header] {
        var fields: [HTTP2Header] = []
        fields.reserveCapacity(head.fields.count + 1)
        fields.append(HTTP2Header(":status", String(head.status)))
        for field in head.fields where self.goesOn(field) { fields.append(field) }
        return fields
    }

    /// The response that says what 101 says in HTTP/1.1 (RFC 8441 §5).
    static func accepted(_ head: HTTPResponseHead) -> HTTPResponseHead {
        HTTPResponseHead(
            status: 200,
            fields: head.fields.filter { !self.isHandshake($0.name) && $0.name != "content-length" }
        )
    }

    /// Whether a field may stand in HTTP/2 (RFC 9113 §8.2.2).
    static func goesOn(_ field: HeaderField) -> Bool {
        switch field.name {
        case "connection", "host", "http2-settings", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade":
            false
        case "te": field.value == "trailers"
        default: field.name.utf8.first != UInt8(ascii: ":")
        }
    }

    /// What HTTP/1.1 proves an upgrade with, and HTTP/2 has no use for (RFC 8441 §5).
    private static func isHandshake(_ name: String) -> Bool {
        name == "sec-websocket-key" || name == "sec-websocket-accept" || name == "content-length"
    }

    /// Credentials stay out of compression tables, whatever they came by.
    private static func guarded(_ header: HTTP2Header) -> HTTP2Header {
        switch header.name {
        case "authorization", "proxy-authorization", "cookie", "set-cookie":
            header.sensitive ? header : HTTP2Header(header.name, header.value, sensitive: true)
        default: header
        }
    }
}
