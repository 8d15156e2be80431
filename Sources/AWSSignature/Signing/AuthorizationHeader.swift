/// The value of a Signature Version 4 `Authorization` header.
package struct AuthorizationHeader: Sendable, Hashable, CustomStringConvertible {
    /// The access key that signed.
    package var accessKeyID: String
    /// Where and when the signature holds.
    package var scope: CredentialScope
    /// The lower-case names that the signature covers, sorted.
    package var signedHeaders: [String]
    /// 64 lower-case hex digits.
    package var signature: String

    /// Longer values are refused before they are looked at.
    package static let maximumLength = 4096

    /// Holds the parts as they are.
    package init(accessKeyID: String, scope: CredentialScope, signedHeaders: [String], signature: String) {
        self.accessKeyID = accessKeyID
        self.scope = scope
        self.signedHeaders = signedHeaders
        self.signature = signature
    }

    package var description: String {
        "AWS4-HMAC-SHA256 Credential=\(self.accessKeyID)/\(self.scope), "
            + "SignedHeaders=\(self.signedHeaders.joined(separator: ";")), Signature=\(self.signature)"
    }

    /// Reads a header that somebody else made.
    ///
    /// Strict, as it feeds decisions on identity: only the one algorithm, each part exactly once, a scope of five
    /// parts, names in lower case, sorted and without repetition, a signature of 64 lower-case hex digits.
    package init(parsing text: String) throws(AuthorizationHeaderError) {
        guard text.utf8.count <= Self.maximumLength else { throw .tooLong(text.utf8.count) }
        let prefix = "AWS4-HMAC-SHA256 "
        guard text.hasPrefix(prefix) else { throw .wrongAlgorithm }
        var parts: [Substring: Substring] = [:]
        for part in text.dropFirst(prefix.count).split(separator: ",", omittingEmptySubsequences: false) {
            let pair = part.drop { $0 == " " }.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = pair.first, let value = pair.dropFirst().first else { throw .malformed }
            guard parts.updateValue(value, forKey: name) == nil else { throw .malformed }
        }
        guard parts.count == 3, let credential = parts["Credential"], let names = parts["SignedHeaders"],
            let signature = parts["Signature"]
        else { throw .malformed }

        let fields = credential.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard fields.count == 5, fields[4] == "aws4_request", fields.allSatisfy(Self.isPlain),
            fields[1].utf8.count == 8
        else { throw .invalidScope }
        let signedHeaders = names.split(separator: ";", omittingEmptySubsequences: false).map(String.init)
        guard signedHeaders.allSatisfy(Self.isHeaderName),
            zip(signedHeaders, signedHeaders.dropFirst())
                .allSatisfy({ $0.utf8.lexicographicallyPrecedes($1.utf8) })
        else { throw .invalidSignedHeaders }
        guard signature.utf8.count == 64, signature.utf8.allSatisfy(Self.isLowercaseHexDigit) else {
            throw .invalidSignature
        }
        self.init(
            accessKeyID: fields[0],
            scope: CredentialScope(day: fields[1], region: fields[2], service: fields[3]),
            signedHeaders: signedHeaders,
            signature: String(signature)
        )
    }

    private static func isPlain(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    private static func isHeaderName(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                    UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    private static func isLowercaseHexDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}

/// Why an `Authorization` header is not a well-formed Signature Version 4 one.
package enum AuthorizationHeaderError: Error, Sendable, Equatable {
    /// More bytes than `AuthorizationHeader.maximumLength`.
    case tooLong(Int)
    /// It does not start with `AWS4-HMAC-SHA256`.
    case wrongAlgorithm
    /// Not exactly one each of Credential, SignedHeaders and Signature.
    case malformed
    /// The credential is not `key/day/region/service/aws4_request`.
    case invalidScope
    /// A name is not lower case, or the list is not sorted and free of repetition.
    case invalidSignedHeaders
    /// Not 64 lower-case hex digits.
    case invalidSignature
}
