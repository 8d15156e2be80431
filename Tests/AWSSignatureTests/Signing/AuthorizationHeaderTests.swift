import AWSSignature
import Testing

struct AuthorizationHeaderTests {
    static let signature = String(repeating: "0a", count: 32)
    static let good =
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/sts/aws4_request, "
        + "SignedHeaders=content-type;host;x-amz-date, Signature=\(signature)"

    @Test
    func readsWhatItWrites() throws {
        let header = try AuthorizationHeader(parsing: Self.good)
        #expect(header.accessKeyID == "AKIDEXAMPLE")
        #expect(header.scope == CredentialScope(day: "20260102", region: "us-east-1", service: "sts"))
        #expect(header.signedHeaders == ["content-type", "host", "x-amz-date"])
        #expect(header.signature == Self.signature)
        #expect(header.description == Self.good)
    }

    /// The good header with one text in place of another.
    private static func changed(_ old: String, _ new: String) -> String {
        good.replacing(old, with: new)
    }

    static let refused: [(String, AuthorizationHeaderError)] = [
        ("", .wrongAlgorithm),
        ("Bearer x", .wrongAlgorithm),
        ("AWS4-HMAC-SHA256 ", .malformed),
        ("AWS4-HMAC-SHA256 Credential", .malformed),
        (changed("SignedHeaders", "Extra=1, SignedHeaders"), .malformed),
        (changed("SignedHeaders", "Credential=1, SignedHeaders"), .malformed),
        (changed("us-east-1/", ""), .invalidScope),
        (changed("aws4_request", "aws5_request"), .invalidScope),
        (changed("us-east-1", "us east 1"), .invalidScope),
        (changed("20260102", "2026"), .invalidScope),
        (changed("content-type;host", "host;content-type"), .invalidSignedHeaders),
        (changed("content-type;host", "host;host"), .invalidSignedHeaders),
        (changed("content-type", "Content-Type"), .invalidSignedHeaders),
        (changed("content-type", ""), .invalidSignedHeaders),
        (changed(signature, "0a"), .invalidSignature),
        (changed(signature, signature.uppercased()), .invalidSignature),
        (changed(signature, String(repeating: "0", count: 4096)), .tooLong(good.utf8.count + 4096 - 64)),
    ]

    @Test(arguments: refused)
    func refusesWhatIsNotExactlyOne(_ text: String, _ expected: AuthorizationHeaderError) {
        #expect(throws: expected) { try AuthorizationHeader(parsing: text) }
    }
}
