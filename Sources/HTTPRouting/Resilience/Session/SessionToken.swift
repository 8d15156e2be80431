import MeshModel

/// The endpoint a session belongs to, as it travels with the client: nobody but waypoints with the key can read or make it.
///
/// A synthetic initialization vector in the manner of RFC 5297 with HMAC-SHA256 as the function: the tag over scope and
/// content is also what the content's mask is made from, so that no randomness is needed and nothing is ever masked twice
/// with the same.
struct SessionToken: Sendable, Hashable {
    /// Where the endpoint listens.
    var address: SocketAddress
    /// When the session began, in seconds of Unix time.
    var began: UInt32
    /// When it was used last.
    var used: UInt32

    private static let tagLength = 16
    private static let contentLength = 27

    /// The length of the text: 43 bytes in base64url (RFC 4648 §5) without padding.
    static let textLength = 58

    // MARK: Sealing

    /// The token as text; nil if the function gives too little.
    /// - Parameters:
    ///   - scope: what the token is for; it opens under the same scope only.
    ///   - hmac: HMAC-SHA256 under a key that only waypoints have.
    func sealed(scope: String, hmac: ([UInt8]) -> [UInt8]) -> String? {
        let content = self.content
        guard let tag = Self.tag(content, scope, hmac), let masked = Self.masked(content, tag, hmac) else { return nil }
        return Base64URL.encode(tag + masked)
    }

    /// Opens a token; nil unless it was made under this scope and key.
    init?(opening text: String, scope: String, hmac: ([UInt8]) -> [UInt8]) {
        guard text.utf8.count == Self.textLength, let bytes = Base64URL.decode(text.utf8) else { return nil }
        let tag = Array(bytes.prefix(Self.tagLength))
        guard let content = Self.masked(Array(bytes.dropFirst(Self.tagLength)), tag, hmac),
            let expected = Self.tag(content, scope, hmac), Self.isSame(tag, expected)
        else { return nil }
        self.init(content)
    }

    private static func tag(_ content: [UInt8], _ scope: String, _ hmac: ([UInt8]) -> [UInt8]) -> [UInt8]? {
        let scope = Array(scope.utf8)
        let length = UInt32(truncatingIfNeeded: scope.count)
        let code = hmac([1] + Self.bytes(length) + scope + content)
        return code.count >= Self.tagLength ? Array(code.prefix(Self.tagLength)) : nil
    }

    private static func masked(_ content: [UInt8], _ tag: [UInt8], _ hmac: ([UInt8]) -> [UInt8]) -> [UInt8]? {
        let mask = hmac([2] + tag)
        guard content.count == Self.contentLength, mask.count >= content.count else { return nil }
        return zip(content, mask).map { $0 ^ $1 }
    }

    /// Takes the same time wherever they differ.
    private static func isSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    // MARK: Content

    init(address: SocketAddress, began: UInt32, used: UInt32) {
        self.address = address
        self.began = began
        self.used = used
    }

    /// A byte for the address's family, sixteen for the address, two for the port, four for each time.
    private var content: [UInt8] {
        let (high, low) = self.address.ip.v6Halves
        return [self.address.ip.isV4 ? 4 : 6] + Self.bytes(high) + Self.bytes(low) + Self.bytes(self.address.port)
            + Self.bytes(self.began) + Self.bytes(self.used)
    }

    private init?(_ content: [UInt8]) {
        guard content.count == Self.contentLength else { return nil }
        let ip: IPAddress
        switch content[0] {
        case 4: ip = IPAddress(v4: UInt32(truncatingIfNeeded: Self.number(content[9..<17])))
        case 6: ip = IPAddress(v6High: Self.number(content[1..<9]), v6Low: Self.number(content[9..<17]))
        default: return nil
        }
        self.address = SocketAddress(ip: ip, port: UInt16(truncatingIfNeeded: Self.number(content[17..<19])))
        self.began = UInt32(truncatingIfNeeded: Self.number(content[19..<23]))
        self.used = UInt32(truncatingIfNeeded: Self.number(content[23..<27]))
    }

    private static func bytes<Number: FixedWidthInteger & Sendable>(_ number: Number) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}
