package import AWSSignature

/// The task role's credentials, as the container credentials endpoint answers.
///
/// The shape is that of every AWS SDK: `AccessKeyId`, `SecretAccessKey`, `Token`, `Expiration`. Descriptions never show
/// the secret or the token.
package struct ContainerCredentials: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    /// The keys to sign with; always with a session token.
    package let credentials: SignatureCredentials
    /// When they end, in seconds since 1970.
    package let expiration: Int64

    /// Reads the body of a 200 answer.
    ///
    /// - Throws: ``AttestationError`` naming the field that is missing or malformed.
    package init(body: [UInt8]) throws(AttestationError) {
        let document: JSONValue
        do {
            document = try JSONReader.parse(body)
        } catch {
            throw .malformedCredentials("\(error)")
        }
        guard let object = document.object else { throw .malformedCredentials("expected a JSON object") }
        let accessKeyID = try Self.text(object, "AccessKeyId", limit: 128)
        let secret = try Self.text(object, "SecretAccessKey", limit: 512)
        let token = try Self.text(object, "Token", limit: 8 * 1024)
        let expirationText = try Self.text(object, "Expiration", limit: 64)
        guard let expiration = Self.parseTime(expirationText) else {
            throw .malformedCredentials("field Expiration is not a time like 2026-01-02T03:04:05Z")
        }
        credentials = SignatureCredentials(accessKeyID: accessKeyID, secretAccessKey: secret, sessionToken: token)
        self.expiration = expiration
    }

    package var description: String {
        "ContainerCredentials(\(credentials.accessKeyID), until \(expiration), secret masked)"
    }

    package var customMirror: Mirror { Mirror(self, children: ["expiration": expiration]) }

    /// A string of visible ASCII: nothing in it can break out of a header.
    private static func text(_ object: JSONObject, _ field: String, limit: Int) throws(AttestationError) -> String {
        guard let value = object[field] else {
            // The endpoint's errors are objects too, {"code": …, "message": …}.
            let code = object["code"]?.string ?? object["Code"]?.string
            let why = code.map { "; the endpoint says \(String(decoding: $0.utf8.prefix(64), as: UTF8.self))" } ?? ""
            throw .malformedCredentials("field \(field) is missing\(why)")
        }
        guard let text = value.string, (1...limit).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw .malformedCredentials("field \(field) must be 1 to \(limit) visible ASCII characters")
        }
        return text
    }

    /// `YYYY-MM-DDTHH:MM:SS[.fraction](Z|±HH:MM)` as seconds since 1970.
    static func parseTime(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":")
        else { return nil }
        let compact = [bytes[0...3], bytes[5...6], bytes[8...10], bytes[11...12], bytes[14...15], bytes[17...18]]
        let plain = String(decoding: compact.joined(), as: UTF8.self) + "Z"
        // The signing date's own parser checks the calendar.
        guard let date = SigningDate(parsing: plain) else { return nil }
        var rest = bytes[19...]
        if rest.first == UInt8(ascii: ".") {
            let digits = rest.dropFirst().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard !digits.isEmpty else { return nil }
            rest = rest[digits.endIndex...]
        }
        guard let offset = offset(Array(rest)) else { return nil }
        return date.epochSeconds - offset
    }

    private static func offset(_ bytes: [UInt8]) -> Int64? {
        if bytes == [UInt8(ascii: "Z")] { return 0 }
        guard bytes.count == 6, bytes[3] == UInt8(ascii: ":") else { return nil }
        let digits = [bytes[1], bytes[2], bytes[4], bytes[5]].map { Int64($0) - 48 }
        guard digits.allSatisfy({ (0...9).contains($0) }) else { return nil }
        let seconds = (digits[0] * 10 + digits[1]) * 3_600 + (digits[2] * 10 + digits[3]) * 60
        switch bytes[0] {
        case UInt8(ascii: "+"): return seconds
        case UInt8(ascii: "-"): return -seconds
        default: return nil
        }
    }
}
