/// A request to an endpoint near us, such as the task's credentials endpoint or a collector of traces.
package struct HTTPClientRequest: Hashable, Sendable {
    /// The bytes to send.
    package let bytes: [UInt8]

    /// Makes a request; nil when a part holds what could break out of its line.
    /// - Parameters:
    ///   - method: `GET`, `PUT` or `POST`.
    ///   - host: the `Host` field, with the port unless it is 80.
    ///   - target: path and query, beginning with `/`.
    ///   - fields: further fields.
    ///   - body: what follows; nil for a request without one.
    package init?(
        method: String = "GET",
        host: String,
        target: String,
        fields: [HTTPField] = [],
        body: [UInt8]? = nil
    ) {
        func isVisible(_ text: String) -> Bool { text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f } }
        func isValue(_ text: String) -> Bool { text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f } }
        guard method.utf8.allSatisfy(HTTPHead.isTokenByte), isVisible(host), target.hasPrefix("/"), isVisible(target),
            target.utf8.count <= 4_096, fields.allSatisfy({ isVisible($0.name) && isValue($0.value) })
        else { return nil }
        var text = "\(method) \(target) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\nAccept: */*\r\n"
        for field in fields { text += "\(field.name): \(field.value)\r\n" }
        if let body { text += "Content-Length: \(body.count)\r\n" }
        self.bytes = Array((text + "\r\n").utf8) + (body ?? [])
    }
}
