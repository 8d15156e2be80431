/// The target of a request in one of its four forms (RFC 9112 §3.2).
struct HTTP1Target {
    var scheme = "http"
    /// What an absolute target, or that of CONNECT, says; nil in the other forms.
    var authority: String?
    /// Path and query, `*`, or nothing for CONNECT.
    var path: String

    /// Reads visible bytes.
    static func read(
        _ bytes: UnsafeRawBufferPointer,
        method: String,
        isASCII: Bool
    ) throws(HTTPRefusal) -> HTTP1Target {
        if method == "CONNECT" {
            guard let text = HTTP1Bytes.text(bytes, isASCII: isASCII) else { throw .notUTF8 }
            guard Self.isAuthority(text) else { throw .targetInvalid }
            return HTTP1Target(authority: text, path: "")
        }
        if bytes.first == UInt8(ascii: "/") {
            guard let text = HTTP1Bytes.text(bytes, isASCII: isASCII) else { throw .notUTF8 }
            return HTTP1Target(path: text)
        }
        if bytes.count == 1, bytes.first == UInt8(ascii: "*") {
            guard method == "OPTIONS" else { throw .targetInvalid }
            return HTTP1Target(path: "*")
        }
        return try self.absolute(bytes, method: method, isASCII: isASCII)
    }

    private static func absolute(
        _ bytes: UnsafeRawBufferPointer,
        method: String,
        isASCII: Bool
    ) throws(HTTPRefusal) -> HTTP1Target {
        let isSecure = Self.begins(bytes, with: "https://")
        guard isSecure || Self.begins(bytes, with: "http://") else { throw .targetInvalid }
        let rest = UnsafeRawBufferPointer(rebasing: bytes[(isSecure ? 8 : 7)...])
        let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.count
        guard let authority = HTTP1Bytes.text(UnsafeRawBufferPointer(rebasing: rest[..<end]), isASCII: isASCII),
            let path = HTTP1Bytes.text(UnsafeRawBufferPointer(rebasing: rest[end...]), isASCII: isASCII)
        else { throw .notUTF8 }
        guard Self.isAuthority(authority) else { throw .targetInvalid }
        var target = HTTP1Target(scheme: isSecure ? "https" : "http", authority: authority, path: path)
        if path.isEmpty {
            target.path = method == "OPTIONS" ? "*" : "/"
        } else if path.utf8.first == UInt8(ascii: "?") {
            target.path = "/" + path
        }
        return target
    }

    private static func begins(_ bytes: UnsafeRawBufferPointer, with text: StaticString) -> Bool {
        bytes.count >= text.utf8CodeUnitCount
            && HTTP1Bytes.isEqual(
                UnsafeRawBufferPointer(rebasing: bytes[..<text.utf8CodeUnitCount]),
                ignoringCase: text
            )
    }

    /// A host and perhaps a port: visible, and without user information, path, query, fragment or a second host.
    static func isAuthority(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            !bytes.isEmpty
                && bytes.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "@"), UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"): false
                    case UInt8(ascii: "\\"), UInt8(ascii: ","): false
                    default: HTTP1Bytes.isVisible(byte)
                    }
                }
        }
    }

    /// Whether the two name one authority; letters count without their case.
    static func isSame(_ one: String, _ other: String) -> Bool {
        one.utf8.elementsEqual(other.utf8) { HTTP1Bytes.lowered($0) == HTTP1Bytes.lowered($1) }
    }

    /// Whether that is a path, or `*`, that a request line may carry.
    static func isPath(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            guard let first = bytes.first else { return false }
            let isPath = first == UInt8(ascii: "/") || (first == UInt8(ascii: "*") && bytes.count == 1)
            return isPath && bytes.allSatisfy(HTTP1Bytes.isVisible)
        }
    }
}
