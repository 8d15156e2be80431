import MeshModel

/// The fields of one head, or trailers, as they come in; those that are for this connection only are kept apart
/// (RFC 9110 §7.6.1, RFC 9112 §6).
struct HTTP1FieldBlock {
    /// What goes on to the next hop.
    private(set) var fields: [HeaderField] = []
    private(set) var host: String?
    /// `Content-Length`.
    private(set) var length: Int?
    private(set) var hasTransferEncoding = false
    /// `Transfer-Encoding` is `chunked`, and nothing else.
    private(set) var isChunked = false
    /// `Connection` says `close`.
    private(set) var closes = false
    /// `Connection` says `keep-alive`.
    private(set) var keepsAlive = false
    /// `Connection` says `upgrade`.
    private(set) var asksForUpgrade = false
    /// `Upgrade`.
    private(set) var upgrade: String?
    /// `Expect: 100-continue`.
    private(set) var expectsContinue = false
    /// Other names that `Connection` gives.
    private var nominated: [String] = []
    private var count = 0

    /// Whether an upgrade is asked for that may be: HTTP/2 over this connection is not (RFC 9113 §3.1).
    var wantedUpgrade: String? {
        guard self.asksForUpgrade, let upgrade = self.upgrade, !upgrade.isEmpty else { return nil }
        var text = upgrade
        let isHTTP2 = text.withUTF8 { HTTP1Bytes.isEqual(UnsafeRawBufferPointer($0), ignoringCase: "h2c") }
        return isHTTP2 ? nil : upgrade
    }

    /// Takes one line.
    /// - Parameter limit: how many fields there may be.
    mutating func add(_ line: UnsafeRawBufferPointer, limit: Int) throws(HTTPRefusal) {
        self.count += 1
        guard self.count <= limit else { throw .tooManyFields }
        if self.count == 1 { self.fields.reserveCapacity(16) }
        guard let first = line.first, !HTTP1Bytes.isBlank(first) else { throw .fieldFolded }
        var colon = 0
        while colon < line.count, HTTP1Bytes.isToken(line[colon]) { colon += 1 }
        guard colon > 0, colon < line.count, line[colon] == UInt8(ascii: ":") else { throw .fieldNameInvalid }
        let bytes = HTTP1Bytes.trimmed(UnsafeRawBufferPointer(rebasing: line[(colon + 1)...]))
        var union: UInt8 = 0
        for byte in bytes {
            guard HTTP1Bytes.isValue(byte) else { throw .fieldValueInvalid }
            union |= byte
        }
        let name = HTTP1Names.name(UnsafeRawBufferPointer(rebasing: line[..<colon]))
        guard let value = HTTP1Bytes.text(bytes, isASCII: union < 0x80) else { throw .notUTF8 }
        try self.sort(name, value, bytes)
    }

    private mutating func sort(
        _ name: String,
        _ value: String,
        _ bytes: UnsafeRawBufferPointer
    ) throws(HTTPRefusal) {
        switch name {
        case "host":
            guard self.host == nil else { throw .hostRepeated }
            self.host = value
        case "content-length":
            try self.setLength(bytes, value)
        case "transfer-encoding":
            // More than one field is more than one coding.
            self.isChunked = !self.hasTransferEncoding && HTTP1Bytes.isEqual(bytes, ignoringCase: "chunked")
            self.hasTransferEncoding = true
        case "connection":
            try self.readConnection(bytes)
        case "upgrade":
            // Of a list of choices we could not say which one the far side takes: that is as if there were none.
            self.upgrade = self.upgrade == nil && Self.isTokens(bytes) ? value : ""
        case "te":
            if Self.hasToken(bytes, "trailers"), !self.fields.contains(where: { $0.name == "te" }) {
                self.fields.append(HeaderField("te", "trailers"))
            }
        case "keep-alive", "proxy-connection", "http2-settings":
            break
        case "authorization", "proxy-authorization", "cookie", "set-cookie":
            self.fields.append(HeaderField(name, value, sensitive: true))
        default:
            if name == "expect", HTTP1Bytes.isEqual(bytes, ignoringCase: "100-continue") { self.expectsContinue = true }
            self.fields.append(HeaderField(name, value))
        }
    }

    /// Digits only; the same length twice is one length.
    private mutating func setLength(_ bytes: UnsafeRawBufferPointer, _ value: String) throws(HTTPRefusal) {
        guard let length = HTTP1Length.parse(bytes) else { throw .lengthInvalid }
        if let before = self.length {
            guard before == length else { throw .lengthsDiffer }
            return
        }
        self.length = length
        self.fields.append(HeaderField("content-length", value))
    }

    private mutating func readConnection(_ bytes: UnsafeRawBufferPointer) throws(HTTPRefusal) {
        var rest = bytes
        while rest.count > 0 {
            let end = HTTP1Bytes.index(of: UInt8(ascii: ","), in: rest) ?? rest.count
            let token = HTTP1Bytes.trimmed(UnsafeRawBufferPointer(rebasing: rest[..<end]))
            rest = UnsafeRawBufferPointer(rebasing: rest[min(end + 1, rest.count)...])
            guard token.count > 0 else { continue }
            if HTTP1Bytes.isEqual(token, ignoringCase: "close") {
                self.closes = true
            } else if HTTP1Bytes.isEqual(token, ignoringCase: "keep-alive") {
                self.keepsAlive = true
            } else if HTTP1Bytes.isEqual(token, ignoringCase: "upgrade") {
                self.asksForUpgrade = true
            } else {
                guard self.nominated.count < 100 else { throw .tooManyFields }
                guard token.allSatisfy(HTTP1Bytes.isToken) else { throw .fieldValueInvalid }
                self.nominated.append(HTTP1Bytes.loweredText(token))
            }
        }
    }

    /// Takes out what `Connection` names, but not what frames or addresses the message: that nobody may have taken out.
    mutating func removeNominated() {
        guard !self.nominated.isEmpty else { return }
        let nominated = self.nominated
        self.fields.removeAll {
            $0.name != "content-length" && $0.name != "te" && nominated.contains($0.name)
        }
    }

    /// Takes out `Content-Length`, for a message that has no length.
    mutating func removeLength() { self.fields.remove(named: "content-length") }

    /// Takes out what has no place in trailers: what frames, addresses or allows a message (RFC 9110 §6.5.1).
    mutating func removeWhatTrailersMayNotHave() {
        self.fields.removeAll {
            switch $0.name {
            case "content-length", "te", "trailer", "authorization", "content-encoding", "content-type", "expect": true
            default: false
            }
        }
    }

    private static func isTokens(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count > 0 && bytes.allSatisfy { HTTP1Bytes.isToken($0) || $0 == UInt8(ascii: "/") }
    }

    private static func hasToken(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        bytes.split(separator: UInt8(ascii: ",")).contains {
            HTTP1Bytes.isEqual(HTTP1Bytes.trimmed(UnsafeRawBufferPointer(rebasing: $0)), ignoringCase: text)
        }
    }
}

/// A `Content-Length`.
enum HTTP1Length {
    /// The number; nil unless it is digits alone and below 2⁶².
    static func parse(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.count > 0, bytes.count <= 19 else { return nil }
        var length: UInt64 = 0
        for byte in bytes {
            guard HTTP1Bytes.isDigit(byte) else { return nil }
            length = length &* 10 &+ UInt64(byte &- 0x30)
        }
        return length < 1 << 62 ? Int(length) : nil
    }

    /// The number in a text.
    static func parse(_ text: String) -> Int? {
        var text = text
        return text.withUTF8 { self.parse(UnsafeRawBufferPointer($0)) }
    }
}
