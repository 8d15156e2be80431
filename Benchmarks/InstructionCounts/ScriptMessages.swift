import MeshModel

/// The messages of requests: what a browser's or a client library's look like.
enum ScriptMessages {
    /// The header that routes look at, with the value of the last one.
    static let tenant = HeaderField("x-tenant", "tenant-999")

    /// The fields of the request.
    static let fields = [
        HeaderField("user-agent", "orders-client/4.2 (linux; x86_64)"), HeaderField("accept", "application/json"),
        HeaderField("accept-encoding", "gzip, deflate"), HeaderField("accept-language", "en-GB,en;q=0.8"),
        HeaderField("cookie", "session=0123456789abcdef0123456789abcdef; theme=dark"), Self.tenant,
        HeaderField("x-correlation-id", "3f0c9a52-5a0b-4a57-9d9f-3f2f7d6c1c11"),
    ]

    static let authority = "orders.demo"
    static let path = "/api/v1/orders/4711?expand=items"

    /// The request, over HTTP/1.1.
    static let request: [UInt8] = {
        let lines = Self.fields.map { "\($0.name): \($0.value)\r\n" }.joined()
        return Array("GET \(Self.path) HTTP/1.1\r\nHost: \(Self.authority)\r\n\(lines)\r\n".utf8)
    }()

    /// How the response's body ends, and so the response.
    static let end = Array("\"state\":\"shipped\"}".utf8)

    /// The application's response.
    static let response: [UInt8] = {
        let body = Array("{\"order\":4711,\"items\":[1,2,3],".utf8) + Self.end
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: \(body.count)\r\n"
            + "cache-control: no-store\r\nvary: accept-encoding\r\n\r\n"
        return Array(head.utf8) + body
    }()
}
