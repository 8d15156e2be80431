import DataPlaneTestSupport
import Testing

@testable import DataPlane

@Suite("Bearer token")
struct BearerSourceTests {
    @Test("a file is read for each request, and line ends behind the token don't break it")
    func file() throws {
        let file = try TestFile("first.token\n")
        let source = BearerSource.file(file.path)
        #expect(try source.token() == "first.token")
        try file.write("second.token\r\n\n")
        #expect(try source.token() == "second.token")
    }

    @Test("what can't be a header is refused", arguments: ["", "\n", "a\nb", "a\u{0}b", "ä"])
    func malformed(_ text: String) throws {
        let file = try TestFile(text)
        #expect(throws: AttestationError.malformedAuthorization) { try BearerSource.file(file.path).token() }
        #expect(throws: AttestationError.malformedAuthorization) { try BearerSource.literal(Secret(text)).token() }
    }

    @Test("a missing file, and one that is too large, are named")
    func missing() throws {
        let file = try TestFile()
        #expect(throws: AttestationError.bearerUnreadable(path: file.path)) {
            try BearerSource.file(file.path).token()
        }
        try file.write(String(repeating: "a", count: CredentialsEndpoint.authorizationBytes + 3))
        #expect(throws: AttestationError.bearerUnreadable(path: file.path)) {
            try BearerSource.file(file.path).token()
        }
    }

    @Test("no description shows a token")
    func masked() {
        let source = CredentialSource.bearer(.literal(Secret("secret-marker")), impersonates: true)
        var dumped = ""
        dump(source, to: &dumped)
        #expect(!"\(source)\(String(reflecting: source))\(dumped)".contains("secret-marker"))
    }
}
