import AWSSignature
import AWSTestSupport
import Foundation
import Logging
import Testing

@testable import AWSClient

struct CredentialChainTests {
    /// Files for one test, removed after it.
    final class Files {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tulle-aws-\(UUID().uuidString)")

        init(_ files: [String: String]) throws {
            try FileManager.default.createDirectory(
                at: self.folder.appending(path: ".aws"),
                withIntermediateDirectories: true
            )
            for (name, text) in files {
                try Data(text.utf8).write(to: self.folder.appending(path: name))
            }
        }

        func path(_ name: String) -> String { self.folder.appending(path: name).path }

        deinit { try? FileManager.default.removeItem(at: self.folder) }
    }

    private static let metadata: JSONValue = [
        "AccessKeyId": "ASIAMETA", "SecretAccessKey": "s", "Token": "t", "Expiration": "2999-01-02T09:04:05Z",
    ]

    private static let stsAnswer = """
        <R><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
        <SessionToken>t</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult>\
        <AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAWEB</AccessKeyId>\
        <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration>\
        </Credentials></AssumeRoleWithWebIdentityResult></R>
        """

    /// Loads with nothing but these variables.
    private static func load(
        _ environment: [String: String],
        profile: String? = nil,
        _ fake: FakeAWS = FakeAWS { _ in throw TransportError.failed("no network") }
    ) async throws -> AWSCredentials {
        var variables = ["HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "us-east-1"]
        variables.merge(environment) { _, given in given }
        var configuration = try AWSConfiguration(environment: variables, profile: profile)
        configuration.limits.backoffBase = .milliseconds(1)
        return try await AWSClient(configuration, transport: fake, logger: Logger(label: "test")).credentials()
    }

    private static func failure(
        _ environment: [String: String],
        profile: String? = nil,
        _ fake: FakeAWS = FakeAWS { _ in throw TransportError.failed("no network") }
    ) async -> AWSError? {
        await #expect(throws: AWSError.self) { try await Self.load(environment, profile: profile, fake) }
    }

    @Test
    func environmentComesFirstUnlessAProfileIsNamedOnTheSpot() async throws {
        let files = try Files([
            ".aws/credentials":
                "[default]\naws_access_key_id=AKIDFILE\naws_secret_access_key=s\n[p]\naws_access_key_id=AKIDP\naws_secret_access_key=s"
        ])
        let keys = ["AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "s", "HOME": files.folder.path]
        #expect(try await Self.load(keys).keys.accessKeyID == "AKIDENV")
        #expect(try await Self.load(keys, profile: "p").keys.accessKeyID == "AKIDP")
        #expect(try await Self.load(["HOME": files.folder.path]).keys.accessKeyID == "AKIDFILE")
        #expect(try await Self.load(["HOME": files.folder.path, "AWS_PROFILE": "p"]).keys.accessKeyID == "AKIDP")
    }

    @Test
    func errorsDoNotShowTheWayToATasksCredentials() async throws {
        for environment in [
            ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/SECRETPATH"],
            ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:8080/SECRETPATH?token=SECRETPATH"],
        ] {
            let error = try #require(await Self.failure(environment))
            #expect(error.message.contains("does not answer"))
            #expect(!"\(error)".contains("SECRETPATH"))
        }
    }

    @Test
    func aHalfConfiguredSourceIsAnErrorAndNotTheNextSource() async throws {
        let error = await Self.failure(["AWS_ACCESS_KEY_ID": "AKIDENV"])
        #expect(error?.code == AWSError.Code.credentialSourceFailed)
        #expect(await Self.failure(["AWS_PROFILE": "absent"])?.message.contains("absent") == true)
        #expect(await Self.failure(["AWS_WEB_IDENTITY_TOKEN_FILE": "/x"])?.message.contains("AWS_ROLE_ARN") == true)
    }

    @Test
    func namesAllSourcesWhenNoneHasAny() async throws {
        let error = await Self.failure([:])
        #expect(error?.code == AWSError.Code.noCredentials)
        #expect(error?.kind == .credentials)
        #expect(error?.message.contains("environment, profile, web-identity, profile, container") == true)
    }

    @Test
    func aProfileTakesOnItsRoleOverItsSourceProfiles() async throws {
        let files = try Files([
            ".aws/config": """
            [profile one]
            role_arn = arn:aws:iam::111122223333:role/one
            source_profile = two
            external_id = ext
            role_session_name = me
            duration_seconds = 900
            [profile two]
            role_arn = arn:aws:iam::111122223333:role/two
            source_profile = base
            [profile loop]
            role_arn = arn:aws:iam::111122223333:role/l
            source_profile = loop2
            [profile loop2]
            role_arn = arn:aws:iam::111122223333:role/l
            source_profile = loop
            [profile sso]
            sso_session = x
            [profile bare]
            role_arn = arn:aws:iam::111122223333:role/l
            """,
            ".aws/credentials": "[base]\naws_access_key_id=AKIDBASE\naws_secret_access_key=s",
        ])
        let fake = FakeAWS { _ in .text(Self.stsAnswer, type: "text/xml") }
        let home = ["HOME": files.folder.path]
        #expect(try await Self.load(home, profile: "one", fake).keys.accessKeyID == "ASIAROLE")
        #expect(fake.actions == ["AssumeRole", "AssumeRole"])
        #expect(fake.requests.first?.header("Authorization")?.contains("AKIDBASE") == true)
        #expect(fake.requests.last?.header("Authorization")?.contains("ASIAROLE") == true)
        #expect(fake.requests.last?.form["ExternalId"] == "ext")
        #expect(fake.requests.last?.form["RoleSessionName"] == "me")
        #expect(fake.requests.last?.form["DurationSeconds"] == "900")
        #expect(await Self.failure(home, profile: "loop")?.message.contains("circle") == true)
        #expect(await Self.failure(home, profile: "sso")?.message.contains("sso_session") == true)
        #expect(await Self.failure(home, profile: "bare")?.message.contains("source_profile") == true)
    }

    @Test
    func tradesAWebIdentityWithoutSigning() async throws {
        let files = try Files(["token": "jwt.body.sig\n"])
        let fake = FakeAWS { _ in .text(Self.stsAnswer, type: "text/xml") }
        let credentials = try await Self.load(
            ["AWS_WEB_IDENTITY_TOKEN_FILE": files.path("token"), "AWS_ROLE_ARN": "arn:aws:iam::1:role/w"],
            profile: nil,
            fake
        )
        #expect(credentials.keys.accessKeyID == "ASIAWEB")
        let request = try #require(fake.requests.first)
        #expect(request.action == "AssumeRoleWithWebIdentity")
        #expect(request.form["WebIdentityToken"] == "jwt.body.sig")
        #expect(request.header("Authorization") == nil)
    }

    @Test
    func asksTheContainerEndpointWithItsToken() async throws {
        let files = try Files(["token": "secret-token"])
        let fake = FakeAWS { _ in .json(Self.metadata) }
        let relative = try await Self.load(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/x"], fake)
        #expect(relative.keys.sessionToken == "t")
        #expect(relative.expiration != nil)
        #expect(fake.requests.last?.raw.url == "http://169.254.170.2/v2/credentials/x")
        _ = try await Self.load(
            [
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN": "not-this",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": files.path("token"),
            ],
            fake
        )
        #expect(fake.requests.last?.header("Authorization") == "secret-token")
    }

    @Test(arguments: [
        ("http://localhost/x", true), ("http://127.0.0.1:99/x", true), ("http://127.9.9.9/x", true),
        ("http://[::1]/x", true), ("http://[fd00:ec2::23]/v1", true), ("https://anything.example/x", true),
        ("http://127.0.0.1.evil.example/x", false), ("http://169.254.170.3/x", false), ("http://evil.example/x", false),
        ("http://127.0.0.256/x", false), ("ftp://localhost/x", false), ("localhost/x", false),
        ("http://169.254.170.2@evil.example/x", false),
    ])
    func asksOnlyContainerEndpointsThatKeepASecret(_ url: String, _ isAllowed: Bool) async throws {
        let fake = FakeAWS { _ in .json(Self.metadata) }
        let loaded = try? await Self.load(["AWS_CONTAINER_CREDENTIALS_FULL_URI": url], fake)
        #expect((loaded != nil) == isAllowed)
        #expect(fake.requests.isEmpty == !isAllowed)
    }

    @Test
    func aContainerEndpointThatRefusesIsAnErrorWithItsWords() async throws {
        let fake = FakeAWS { _ in
            .json(["code": "InvalidIdInRequest", "message": "no such id", "HTTPErrorCode": 400], status: 400)
        }
        let error = await Self.failure(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/x"], profile: nil, fake)
        #expect(error?.message.contains("InvalidIdInRequest: no such id") == true)
        #expect(fake.requests.count == 1)
        let slow = FakeAWS { $0.repetition < 1 ? .json([:], status: 503) : .json(Self.metadata) }
        #expect(
            try await Self.load(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/x"], slow).keys.accessKeyID
                == "ASIAMETA"
        )
    }

    @Test
    func asksTheInstanceWithASessionToken() async throws {
        let fake = FakeAWS { request in
            switch request.action {
            case "PUT http://169.254.169.254/latest/api/token": .text("tok", type: "text/plain")
            case "GET http://169.254.169.254/latest/meta-data/iam/security-credentials/":
                .text("my-role\n", type: "text/plain")
            default: .json(Self.metadata)
            }
        }
        let credentials = try await Self.load(["AWS_EC2_METADATA_DISABLED": "false"], fake)
        #expect(credentials.source == "instance-metadata")
        #expect(fake.requests.count == 3)
        #expect(fake.requests.last?.raw.url.hasSuffix("/security-credentials/my-role") == true)
        #expect(fake.requests.dropFirst().allSatisfy { $0.header("X-aws-ec2-metadata-token") == "tok" })
    }
}
