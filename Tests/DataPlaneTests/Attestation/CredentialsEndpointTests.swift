import MeshModel
import Testing

@testable import DataPlane

struct CredentialsEndpointTests {
    private static let relative = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
    private static let full = "AWS_CONTAINER_CREDENTIALS_FULL_URI"

    @Test func relativeMeansTheTaskEndpointAndComesFirst() throws {
        let environment = [Self.relative: "/v2/credentials/abc?x=1", Self.full: "http://127.0.0.1:99/"]
        let endpoint = try CredentialsEndpoint { environment[$0] }
        #expect(endpoint.address == SocketAddress(parsing: "169.254.170.2:80"))
        #expect(endpoint.host == "169.254.170.2")
        #expect(endpoint.target == "/v2/credentials/abc?x=1")
        #expect(endpoint.authorization == .none)
    }

    @Test(arguments: [
        ("http://127.0.0.1:51679/creds", "127.0.0.1:51679", "127.0.0.1:51679", "/creds"),
        ("HTTP://127.8.9.1", "127.8.9.1:80", "127.8.9.1", "/"),
        ("http://localhost:8080/a", "127.0.0.1:8080", "localhost:8080", "/a"),
        ("http://[::1]:81?q", "[::1]:81", "[::1]:81", "/?q"),
        ("http://169.254.170.2/x", "169.254.170.2:80", "169.254.170.2", "/x"),
        ("http://169.254.170.23/v1/credentials", "169.254.170.23:80", "169.254.170.23", "/v1/credentials"),
        ("http://[fd00:ec2::23]/v1", "[fd00:ec2::23]:80", "[fd00:ec2::23]", "/v1"),
    ])
    func fullURIsToKnownPlaces(_ url: String, _ address: String, _ host: String, _ target: String) throws {
        let endpoint = try CredentialsEndpoint { $0 == Self.full ? url : nil }
        #expect(endpoint.address == SocketAddress(parsing: address))
        #expect(endpoint.host == host)
        #expect(endpoint.target == target)
    }

    @Test(arguments: [
        "https://127.0.0.1/", "http://10.0.0.1/", "http://169.254.169.254/", "http://evil.example/", "127.0.0.1/",
        "http://127.0.0.1.evil.example/", "http://user@127.0.0.1/", "http://127.0.0.1:0/", "http://127.0.0.1:99999/",
        "http://127.0.0.1:8a/", "http://[::1/", "http://[::1]x/", "http:///", "http://", "http://127.0.0.1/a b",
        "http://127.0.0.1/\r\nx: y", "http://2130706433/", "http://[fd00:ec2::24]/", "http://127.0.0.1:80:80/",
    ])
    func otherPlacesAreRefused(_ url: String) {
        let error = #expect(throws: AttestationError.self) { try CredentialsEndpoint { $0 == Self.full ? url : nil } }
        #expect(error?.description.hasPrefix(Self.full) == true)
    }

    @Test(arguments: ["v2/credentials", "http://x/", "/a b", "/a\n", "/é", "/\(String(repeating: "a", count: 3_000))"])
    func unfitRelativeURIsAreRefused(_ path: String) {
        let error = #expect(throws: AttestationError.self) {
            try CredentialsEndpoint { $0 == Self.relative ? path : nil }
        }
        #expect(error?.description.hasPrefix(Self.relative) == true)
    }

    @Test func withoutEitherThereIsNone() {
        #expect(throws: AttestationError.noCredentialsEndpoint) { try CredentialsEndpoint { _ in nil } }
        #expect(throws: AttestationError.noCredentialsEndpoint) { try CredentialsEndpoint { _ in "" } }
    }

    @Test func theTokenFileComesBeforeTheToken() throws {
        var environment = [Self.full: "http://127.0.0.1/", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "s3cr3t"]
        let withValue = try CredentialsEndpoint { environment[$0] }
        #expect(withValue.authorization == .value("s3cr3t"))
        #expect(!"\(withValue) \(String(reflecting: withValue))".contains("s3cr3t"))
        environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = "/run/token"
        #expect(try CredentialsEndpoint { environment[$0] }.authorization == .file(path: "/run/token"))
    }

    @Test func tokensCanNotBreakOutOfTheHeader() throws {
        #expect(try CredentialsEndpoint.checked("abc\r\n") == "abc")
        for token in ["", "\n", "a\r\nx: y", "a\0", "é", String(repeating: "a", count: 20_000)] {
            #expect(throws: AttestationError.malformedAuthorization) { try CredentialsEndpoint.checked(token) }
        }
    }
}
