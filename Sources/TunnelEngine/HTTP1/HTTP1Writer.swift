package import MeshModel

/// Writes heads, chunks and trailers of HTTP/1.1.
///
/// Whatever made a head, nothing of it may end its line, its head or its body: each byte is checked on its way out, and
/// framing is our own.
package enum HTTP1Writer {
    /// What of a response's connection decides how it is written.
    package struct Answering {
        /// What the request was in.
        package var version = HTTPVersion.http11
        /// The request is HEAD.
        package var isHead = false
        /// The request is CONNECT.
        package var isConnect = false
        /// The connection ends after this response.
        package var closes = false

        /// Says what the request is.
        package init(
            version: HTTPVersion = .http11,
            isHead: Bool = false,
            isConnect: Bool = false,
            closes: Bool = false
        ) {
            self.version = version
            self.isHead = isHead
            self.isConnect = isConnect
            self.closes = closes
        }
    }

    /// Appends a request's head and gives the framing of its body; nil, and nothing is appended, when it can't be said in
    /// HTTP/1.1.
    package static func write(
        _ head: HTTPRequestHead,
        endStream: Bool,
        into queue: inout ByteQueue
    ) -> HTTP1Framing? {
        let isConnect = head.method == "CONNECT"
        guard HTTP1Method.isValid(head.method), HTTP1Target.isAuthority(head.authority),
            isConnect ? head.path.isEmpty : HTTP1Target.isPath(head.path),
            let length = self.length(head.fields)
        else { return nil }
        let framing: HTTP1Framing
        if head.upgrade != nil || isConnect {
            framing = .raw
        } else if let length {
            guard !endStream || length == 0 else { return nil }
            framing = length == 0 ? .none : .length(length)
        } else {
            framing = endStream ? .none : .chunked
        }
        var size = self.size(head.fields) + head.method.utf8.count + head.path.utf8.count + 128
        size += 2 * head.authority.utf8.count + (head.upgrade?.utf8.count ?? 0)
        var cursor = HTTP1Cursor(queue.reserve(size))
        cursor.put(head.method)
        cursor.put(" ")
        cursor.put(isConnect ? head.authority : head.path)
        cursor.put(" HTTP/1.1\r\nhost: ")
        cursor.put(head.authority)
        cursor.put("\r\n")
        guard self.put(head.fields, into: &cursor) else { return nil }
        if let upgrade = head.upgrade {
            cursor.put("connection: upgrade\r\nupgrade: ")
            guard cursor.put(upgrade, allowing: { HTTP1Bytes.isToken($0) || $0 == UInt8(ascii: "/") }) else {
                return nil
            }
            cursor.put("\r\n")
        } else if framing == .chunked {
            cursor.put("transfer-encoding: chunked\r\n")
        } else if framing == .none, length == nil, self.usuallyHasBody(head.method) {
            cursor.put("content-length: 0\r\n")
        }
        cursor.put("\r\n")
        queue.commit(cursor.count)
        return framing
    }

    /// Appends a response's head and gives the framing of its body; nil, and nothing is appended, when it can't be said in
    /// HTTP/1.1.
    package static func write(
        _ head: HTTPResponseHead,
        endStream: Bool,
        answering request: Answering,
        upgrade: String? = nil,
        into queue: inout ByteQueue
    ) -> HTTP1Framing? {
        guard (100..<600).contains(head.status), let length = self.length(head.fields) else { return nil }
        let isRaw = head.status == 101 || (request.isConnect && (200..<300).contains(head.status))
        let isBodiless = isRaw || head.status < 200 || head.status == 204
        let framing: HTTP1Framing
        if isRaw {
            framing = .raw
        } else if isBodiless || head.status == 304 || request.isHead {
            framing = .none
        } else if let length {
            guard !endStream || length == 0 else { return nil }
            framing = length == 0 ? .none : .length(length)
        } else if endStream {
            framing = .none
        } else {
            framing = request.version == .http10 ? .untilClose : .chunked
        }
        let size = self.size(head.fields) + 192 + (upgrade?.utf8.count ?? 0)
        var cursor = HTTP1Cursor(queue.reserve(size))
        cursor.put("HTTP/1.1 ")
        cursor.put(head.status)
        cursor.put(" ")
        cursor.put(HTTP1Reason.phrase(head.status))
        cursor.put("\r\n")
        guard self.put(head.fields, into: &cursor, withoutLength: isBodiless) else { return nil }
        if head.status == 101 {
            cursor.put("connection: upgrade\r\n")
            if let upgrade {
                cursor.put("upgrade: ")
                guard cursor.put(upgrade, allowing: { HTTP1Bytes.isToken($0) || $0 == UInt8(ascii: "/") }) else {
                    return nil
                }
                cursor.put("\r\n")
            }
        } else if head.status >= 200 {
            if framing == .chunked {
                cursor.put("transfer-encoding: chunked\r\n")
            } else if framing == .none, length == nil, !isBodiless, head.status != 304, !request.isHead {
                cursor.put("content-length: 0\r\n")
            }
            if request.closes || framing == .untilClose {
                cursor.put("connection: close\r\n")
            } else if request.version == .http10 {
                cursor.put("connection: keep-alive\r\n")
            }
        }
        cursor.put("\r\n")
        queue.commit(cursor.count)
        return framing
    }

    // MARK: Bodies

    /// What stands before a chunk of `count` bytes: at most 18 bytes.
    static func writeChunkStart(_ count: Int, into queue: inout ByteQueue) {
        var cursor = HTTP1Cursor(queue.reserve(18))
        cursor.put(String(count, radix: 16))
        cursor.put("\r\n")
        queue.commit(cursor.count)
    }

    /// What stands behind a chunk.
    static func writeChunkEnd(into queue: inout ByteQueue) {
        var cursor = HTTP1Cursor(queue.reserve(2))
        cursor.put("\r\n")
        queue.commit(cursor.count)
    }

    /// The last chunk and what comes behind it; fields that can't be said are left out, as trailers may always be.
    static func writeEnd(trailers: [HeaderField], into queue: inout ByteQueue) {
        var cursor = HTTP1Cursor(queue.reserve(self.size(trailers) + 8))
        cursor.put("0\r\n")
        for field in trailers where self.goesOn(field.name) && field.name != "content-length" {
            _ = self.put(field, into: &cursor)
        }
        cursor.put("\r\n")
        queue.commit(cursor.count)
    }

    // MARK: Fields

    /// The one `Content-Length` of the fields: `.some(nil)` when there is none, nil when it is no length or not one.
    private static func length(_ fields: [HeaderField]) -> Int?? {
        var length: Int?
        for field in fields where field.name == "content-length" {
            guard length == nil, let value = HTTP1Length.parse(field.value) else { return nil }
            length = value
        }
        return .some(length)
    }

    private static func size(_ fields: [HeaderField]) -> Int {
        var size = 0
        for field in fields { size += field.name.utf8.count + field.value.utf8.count + 4 }
        return size
    }

    /// Whether a field is for the next hop as well; the others we write ourselves.
    private static func goesOn(_ name: String) -> Bool {
        switch name {
        case "connection", "host", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade": false
        default: true
        }
    }

    private static func put(
        _ fields: [HeaderField],
        into cursor: inout HTTP1Cursor,
        withoutLength: Bool = false
    ) -> Bool {
        var cookieIsOut = false
        for field in fields where self.goesOn(field.name) {
            if withoutLength, field.name == "content-length" { continue }
            if field.name == "cookie" {
                if cookieIsOut { continue }
                cookieIsOut = true
                guard self.putCookies(fields, into: &cursor) else { return false }
            } else {
                guard self.put(field, into: &cursor) else { return false }
            }
        }
        return true
    }

    private static func put(_ field: HeaderField, into cursor: inout HTTP1Cursor) -> Bool {
        let before = cursor
        guard !field.name.isEmpty, cursor.put(field.name, allowing: HTTP1Bytes.isToken) else {
            cursor = before
            return false
        }
        cursor.put(": ")
        guard cursor.put(field.value, allowing: HTTP1Bytes.isValue) else {
            cursor = before
            return false
        }
        cursor.put("\r\n")
        return true
    }

    /// HTTP/2 may cut a cookie into crumbs; HTTP/1.1 has one field (RFC 9113 §8.2.3).
    private static func putCookies(_ fields: [HeaderField], into cursor: inout HTTP1Cursor) -> Bool {
        cursor.put("cookie: ")
        var isFirst = true
        for field in fields where field.name == "cookie" {
            if !isFirst { cursor.put("; ") }
            isFirst = false
            guard cursor.put(field.value, allowing: HTTP1Bytes.isValue) else { return false }
        }
        cursor.put("\r\n")
        return true
    }

    /// Whether a server expects to be told that a request of this method has no body (RFC 9110 §8.6).
    private static func usuallyHasBody(_ method: String) -> Bool {
        method == "POST" || method == "PUT" || method == "PATCH"
    }
}
