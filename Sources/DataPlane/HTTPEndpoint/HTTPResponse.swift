/// An answer of one of our own small HTTP endpoints. The connection closes after it.
package struct HTTPResponse: Hashable, Sendable {
    /// The status code.
    package var status: Int
    /// The media type of the body.
    package var contentType: String
    /// The body.
    package var body: [UInt8]
    /// Further fields; names and values are ours, never from outside.
    package var fields: [HTTPField] = []

    /// Makes an answer from bytes.
    package init(status: Int, contentType: String, body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// Makes an answer from text.
    package init(status: Int, text: String) {
        self.init(status: status, contentType: "text/plain; charset=utf-8", body: Array(text.utf8))
    }

    /// The head of an answer whose body follows in pieces.
    /// - Parameter chunked: whether each piece says its length; else the end of the connection ends the body.
    func streamHead(chunked: Bool) -> [UInt8] {
        var head = "HTTP/1.1 \(self.status) \(Self.reason(self.status))\r\n"
        head += "Content-Type: \(self.contentType)\r\nConnection: close\r\n"
        if chunked { head += "Transfer-Encoding: chunked\r\n" }
        for field in self.fields { head += "\(field.name): \(field.value)\r\n" }
        return Array((head + "\r\n").utf8)
    }

    /// The bytes of the answer.
    /// - Parameter isHead: whether the request was HEAD, whose answer has no body.
    package func bytes(isHead: Bool = false) -> [UInt8] {
        var head = "HTTP/1.1 \(self.status) \(Self.reason(self.status))\r\n"
        head += "Content-Type: \(self.contentType)\r\nContent-Length: \(self.body.count)\r\nConnection: close\r\n"
        for field in self.fields { head += "\(field.name): \(field.value)\r\n" }
        return Array((head + "\r\n").utf8) + (isHead ? [] : self.body)
    }

    /// The usual words for a status.
    static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 400: "Bad Request"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 413: "Content Too Large"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        default: "Status"
        }
    }
}
