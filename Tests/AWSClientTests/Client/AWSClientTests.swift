import AWSClient
import AWSSignature
import AWSTestSupport
import Logging
import Synchronization
import Testing

struct AWSClientTests {
    private static func client(
        _ fake: FakeAWS,
        credentials: (any CredentialsProvider)? = nil,
        change: (inout AWSConfiguration) -> Void = { _ in }
    ) throws -> AWSClient {
        var configuration = try AWSConfiguration.test()
        change(&configuration)
        return AWSClient(configuration, credentials: credentials, transport: fake, logger: Logger(label: "test"))
    }

    @Test
    func writesTheProtocolOfJSONServices() async throws {
        let fake = FakeAWS { _ in .json(["ok": true]) }
        let client = try Self.client(fake)
        let answer = try await client.call(.ecs, action: "ListClusters", body: ["maxResults": 100])
        #expect(answer == ["ok": true])
        let request = try #require(fake.requests.first)
        #expect(request.raw.url == "https://ecs.us-east-1.amazonaws.com/")
        #expect(request.raw.method == "POST")
        #expect(request.header("Host") == "ecs.us-east-1.amazonaws.com")
        #expect(request.header("X-Amz-Target") == "AmazonEC2ContainerServiceV20141113.ListClusters")
        #expect(request.header("Content-Type") == "application/x-amz-json-1.1")
        #expect(request.body == ["maxResults": 100])
        let authorization = try AuthorizationHeader(parsing: try #require(request.header("Authorization")))
        #expect(authorization.scope.service == "ecs")
        #expect(authorization.signedHeaders == ["content-type", "host", "x-amz-date", "x-amz-target"])
    }

    @Test(arguments: ["ThrottlingException", "ServerException"])
    func triesAgainAfterWhatPasses(_ code: String) async throws {
        let fake = FakeAWS { $0.repetition < 3 ? .error(code) : .json(["n": .int($0.repetition)]) }
        let answer = try await Self.client(fake).call(.ecs, action: "ListTasks", body: [:])
        #expect(answer == ["n": 3])
        #expect(fake.requests.count == 4)
    }

    @Test(arguments: ["AccessDeniedException", "ClusterNotFoundException", "InvalidParameterException"])
    func triesOnceWhatCannotPass(_ code: String) async throws {
        let fake = FakeAWS { _ in .error(code) }
        let error = await #expect(throws: AWSError.self) {
            try await Self.client(fake).call(.ecs, action: "ListTasks", body: [:])
        }
        #expect(error?.code == code)
        #expect(fake.requests.count == 1)
    }

    @Test
    func givesUpAfterItsAttempts() async throws {
        let fake = FakeAWS { _ in .text("<html>busy</html>", type: "text/html", status: 503) }
        let error = await #expect(throws: AWSError.self) {
            try await Self.client(fake).call(.ecs, action: "ListTasks", body: [:])
        }
        #expect(error?.kind == .server)
        #expect(error?.code == "HTTP503")
        #expect(fake.requests.count == 5)
    }

    @Test
    func givesUpEarlierWhenTheRetryBudgetIsGone() async throws {
        let fake = FakeAWS { _ in .error("ServerException", status: 500) }
        let client = try Self.client(fake) { $0.limits.retryTokens = 15 }
        for _ in 0..<4 {
            await #expect(throws: AWSError.self) { try await client.call(.ecs, action: "ListTasks", body: [:]) }
        }
        // Four first attempts and the three retries that 15 tokens pay for.
        #expect(fake.requests.count == 7)
    }

    @Test
    func refusesItselfWhenItsOwnBudgetIsUsedUp() async throws {
        let fake = FakeAWS { _ in .json([:]) }
        let client = try Self.client(fake) {
            $0.throttleRates[.taskDefinitionModify] = .init(burst: 2, sustained: 0.01)
            $0.limits.callDeadline = .seconds(1)
        }
        for _ in 0..<2 { _ = try await client.call(.ecs, action: "RegisterTaskDefinition", body: [:]) }
        let error = await #expect(throws: AWSError.self) {
            try await client.call(.ecs, action: "RegisterTaskDefinition", body: [:])
        }
        #expect(error?.code == AWSError.Code.clientThrottled)
        #expect(error?.kind == .throttled)
        #expect(fake.requests.count == 2)
        // Another bucket has its own budget.
        _ = try await client.call(.ecs, action: "ListTasks", body: [:])
    }

    @Test
    func asksForNewCredentialsOnceWhenAWSRefusesOldOnes() async throws {
        let fake = FakeAWS { request in
            request.header("Authorization")?.contains("/Credential=") == false
                && request.header("X-Amz-Security-Token") == "token-1"
                ? .json([:]) : .error("ExpiredTokenException")
        }
        let count = Mutex(0)
        let provider = RefreshingCredentials(now: { 1_000 }) {
            let number = count.withLock { count in
                defer { count += 1 }
                return count
            }
            return AWSCredentials(
                keys: SignatureCredentials(accessKeyID: "A", secretAccessKey: "s", sessionToken: "token-\(number)"),
                expiration: 100_000,
                source: "test"
            )
        }
        _ = try await Self.client(fake, credentials: provider).call(.ecs, action: "ListTasks", body: [:])
        #expect(fake.requests.count == 2)
    }

    @Test
    func saysSoWhenAnAnswerIsNotWhatTheProtocolPromises() async throws {
        let fake = FakeAWS { _ in .text("<html>welcome to the hotel wifi</html>", type: "text/html") }
        let error = await #expect(throws: AWSError.self) {
            try await Self.client(fake).call(.ecs, action: "ListTasks", body: [:])
        }
        #expect(error?.code == AWSError.Code.unreadableResponse)
    }

    @Test
    func needsARegion() async throws {
        let fake = FakeAWS { _ in .json([:]) }
        let client = try Self.client(fake) { $0.region = nil }
        let error = await #expect(throws: AWSError.self) {
            try await client.call(.ecs, action: "ListTasks", body: [:])
        }
        #expect(error?.code == AWSError.Code.noRegion)
        _ = try await client.call(.ecs, action: "ListTasks", body: [:], region: "eu-west-1")
    }

    @Test
    func takesOnARoleAndSignsWithIt() async throws {
        let fake = FakeAWS { request in
            request.action == "AssumeRole"
                ? .text(
                    """
                    <AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>
                    <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
                    <Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>
                    """,
                    type: "text/xml"
                )
                : .json([:])
        }
        let client = try Self.client(fake)
        let role = client.assuming(
            AssumedRole(arn: "arn:aws:iam::999999999999:role/d", sessionName: "tulle-m", externalID: "x y")
        )
        async let first = role.call(.ecs, action: "ListTasks", body: [:])
        async let second = role.call(.ecs, action: "ListServices", body: [:])
        _ = try await (first, second)
        #expect(fake.actions.filter { $0 == "AssumeRole" }.count == 1)
        let assume = try #require(fake.requests.first { $0.action == "AssumeRole" })
        #expect(assume.form["ExternalId"] == "x%20y")
        #expect(assume.header("Authorization")?.contains("AKIDTEST") == true)
        let list = try #require(fake.requests.first { $0.action == "ListTasks" })
        #expect(list.header("Authorization")?.contains("ASIAROLE") == true)
    }
}
