import AWSSignature
import CertificateAuthority
import Foundation
import MeshModel
import Synchronization
import Testing

@Suite struct ECSAttestorTests {
    @Test func aRunningTaskWithABoundRoleGetsItsIdentity() async throws {
        let mesh = try TestMesh()
        let issued = try await mesh.issuer.answer(try TestMesh.call(), now: Date())
        #expect(issued.identity.uri == "spiffe://cluster.local/ns/shop/sa/echo")
        let request = try #require(mesh.aws.answers.withLock { $0.requests }.first)
        #expect(request.host == "sts.us-east-1.amazonaws.com")
        #expect(
            Set(request.headers.keys) == [
                "authorization", "content-type", "host", "x-amz-date", "x-amz-security-token", "x-tulle-audience",
                "x-tulle-key-sha256",
            ]
        )
    }

    @Test func onlyAccountsThatAreAdmittedNowMayJoin() async throws {
        let aws = FakeAWS()
        let attestor = ECSAttestor(policy: try TestMesh.policy(), verifier: aws, tasks: aws)
        // One start, or two calls in different seconds could be signed for the same one, which is a replay.
        let start = Date()
        var calls = 0.0
        func code() async throws -> IssuanceRefusal.Code? {
            calls += 1
            var attestation = TestAttestation()
            attestation.date = start.addingTimeInterval(-calls)
            let token = try AttestationToken(authorization: [try attestation.authorization()])
            do {
                _ = try await attestor.attest(token, keyDigest: attestation.keyDigest, now: Date())
                return nil
            } catch {
                return error.code
            }
        }
        #expect(try await code() == nil)
        let other = AttestationPlace(accounts: ["444455556666"], regions: ["us-east-1"], clusters: [])
        attestor.admit([other])
        #expect(try await code() == .accountNotAllowed)
        // Its account is admitted in another region only, and its region only for another account.
        attestor.admit([other, AttestationPlace(accounts: ["111122223333"], regions: ["eu-west-1"], clusters: [])])
        #expect(try await code() == .regionNotAllowed)
        attestor.admit([other, AttestationPlace(accounts: ["111122223333"], regions: ["us-east-1"], clusters: ["c9"])])
        #expect(try await code() == .clusterNotAllowed)
        attestor.admit([other, AttestationPlace(accounts: ["111122223333"], regions: ["us-east-1"], clusters: ["c1"])])
        #expect(try await code() == nil)
    }

    struct Bend: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var code: IssuanceRefusal.Code
        var bend: @Sendable (inout TestAttestation) -> Void

        init(_ name: String, _ code: IssuanceRefusal.Code, _ bend: @escaping @Sendable (inout TestAttestation) -> Void)
        {
            self.testDescription = name
            self.code = code
            self.bend = bend
        }
    }

    static let bends: [Bend] = [
        Bend("evil host with the right prefix", .attestationHostNotAllowed) { $0.host = "sts.evil.example" },
        Bend("evil host with the right suffix", .attestationHostNotAllowed) {
            $0.host = "evil.sts.us-east-1.amazonaws.com"
        },
        Bend("host with a path", .attestationHostNotAllowed) { $0.host = "sts.us-east-1.amazonaws.com/evil" },
        Bend("host with a port", .attestationHostNotAllowed) { $0.host = "sts.us-east-1.amazonaws.com:8443" },
        Bend("host of another region", .attestationHostNotAllowed) { $0.host = "sts.eu-west-1.amazonaws.com" },
        Bend("global host", .attestationHostNotAllowed) { $0.host = "sts.amazonaws.com" },
        Bend("foreign audience", .attestationAudienceMismatch) { $0.audience = "other.mesh/tulled" },
        Bend("signed long ago", .attestationExpired) { $0.date = Date(timeIntervalSinceNow: -125) },
        Bend("signed in the future", .attestationExpired) { $0.date = Date(timeIntervalSinceNow: 125) },
        Bend("another key", .attestationKeyMismatch) { $0.keyDigest = String(repeating: "a", count: 64) },
        Bend("audience not signed", .attestationHeadersNotSigned) { $0.unsigned = ["x-tulle-audience"] },
        Bend("key not signed", .attestationHeadersNotSigned) { $0.unsigned = ["x-tulle-key-sha256"] },
        Bend("content type not signed", .attestationHeadersNotSigned) { $0.unsigned = ["content-type"] },
        Bend("region not served", .regionNotAllowed) {
            $0.region = "eu-west-1"
            $0.host = "sts.eu-west-1.amazonaws.com"
        },
        Bend("scope of another region", .attestationMalformed) { $0.signingRegion = "eu-west-1" },
        Bend("header missing", .attestationMalformed) { $0.dropped = ["x-amz-date"] },
        Bend("header too many", .attestationMalformed) { $0.added = ["x-amz-target": "Evil"] },
        Bend("no session token", .attestationMalformed) { $0.credentials.sessionToken = nil },
        Bend("other content type", .attestationMalformed) { $0.replaced = ["content-type": "text/plain"] },
        Bend("line break in a value", .attestationMalformed) { $0.replaced = ["x-tulle-audience": "a\r\nhost: evil"] },
        Bend("no signature", .attestationMalformed) { $0.replaced = ["authorization": "AWS4-HMAC-SHA256 nothing"] },
        Bend("other algorithm", .attestationMalformed) { $0.replaced = ["authorization": "Basic Zm9v"] },
        Bend("no date", .attestationMalformed) { $0.replaced = ["x-amz-date": "yesterday"] },
        Bend("other day than the scope", .attestationMalformed) { $0.replaced = ["x-amz-date": "20200101T000000Z"] },
    ]

    @Test(arguments: bends)
    func refusesAnAttestationThatIsBent(_ bend: Bend) async throws {
        let mesh = try TestMesh()
        #expect(try await mesh.refusal(try TestMesh.call(bend: bend.bend)) == bend.code)
        #expect(mesh.aws.answers.withLock { $0.requests.isEmpty }, "nothing of it may reach AWS")
    }

    static let texts: [(String, [String], IssuanceRefusal.Code)] = [
        ("none", [], .attestationMissing),
        ("two", ["a", "b"], .attestationMalformed),
        ("other scheme", ["Basic abc"], .attestationMalformed),
        ("no base64", ["Bearer tulle-aws-sts-v1.a+b="], .attestationMalformed),
        ("no JSON", [TestAttestation.authorization(Data("hello".utf8))], .attestationMalformed),
        ("JSON list", [TestAttestation.authorization(Data("[]".utf8))], .attestationMalformed),
        (
            "more fields", [TestAttestation.authorization(Data(#"{"headers":{},"region":"r","url":"x"}"#.utf8))],
            .attestationMalformed
        ),
        (
            "header of another type",
            [TestAttestation.authorization(Data(#"{"headers":{"host":1},"region":"r"}"#.utf8))], .attestationMalformed
        ),
        ("too long", ["Bearer tulle-aws-sts-v1." + String(repeating: "A", count: 16 << 10)], .attestationOversized),
    ]

    @Test(arguments: texts)
    func refusesTextThatIsNoAttestation(_ name: String, _ values: [String], _ code: IssuanceRefusal.Code) async throws {
        let mesh = try TestMesh()
        var call = try TestMesh.call()
        call.authorization = values
        #expect(try await mesh.refusal(call) == code, "\(name)")
    }

    @Test func acceptsAnAttestationOnce() async throws {
        let mesh = try TestMesh()
        let call = try TestMesh.call()
        #expect(try await mesh.refusal(call) == nil)
        #expect(try await mesh.refusal(call) == .attestationReplayed)
    }

    @Test func aVerdictThatDidNotComeMayBeAskedForAgain() async throws {
        let mesh = try TestMesh()
        let call = try TestMesh.call()
        mesh.aws.answers.withLock { $0.caller = .unavailable(reason: "timeout") }
        #expect(try await mesh.refusal(call) == .stsUnavailable)
        mesh.aws.answers.withLock { $0.caller = .caller(arn: FakeAWS.callerARN) }
        #expect(try await mesh.refusal(call) == nil)
    }

    static let callers: [(CallerIdentityAnswer, IssuanceRefusal.Code)] = [
        (.refused(code: "SignatureDoesNotMatch"), .stsRefused),
        (.unavailable(reason: "throttled"), .stsUnavailable),
        (.caller(arn: "arn:aws:iam::111122223333:user/someone"), .notATaskRole),
        (.caller(arn: "arn:aws:iam::111122223333:root"), .notATaskRole),
        (.caller(arn: "arn:aws:sts::111122223333:federated-user/x"), .notATaskRole),
        (.caller(arn: "arn:aws:sts::111122223333:assumed-role/echo-role/someone"), .notATaskRole),
        (
            .caller(arn: "arn:aws:sts::111122223333:assumed-role/echo-role/0123456789ABCDEF0123456789ABCDEF"),
            .notATaskRole
        ),
        (.caller(arn: "nonsense"), .notATaskRole),
        (.caller(arn: "arn:aws:sts::999999999999:assumed-role/echo-role/\(FakeAWS.taskID)"), .accountNotAllowed),
        (.caller(arn: "arn:aws-cn:sts::111122223333:assumed-role/echo-role/\(FakeAWS.taskID)"), .accountNotAllowed),
        (.caller(arn: "arn:aws:sts::111122223333:assumed-role/other-role/\(FakeAWS.taskID)"), .taskRoleMismatch),
    ]

    @Test(arguments: callers)
    func refusesACallerWhoIsNoTaskOfOurs(_ answer: CallerIdentityAnswer, _ code: IssuanceRefusal.Code) async throws {
        let mesh = try TestMesh()
        mesh.aws.answers.withLock { $0.caller = answer }
        #expect(try await mesh.refusal(try TestMesh.call()) == code)
    }

    struct TaskCase: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var code: IssuanceRefusal.Code?
        var bend: @Sendable (inout AttestedTask) -> Void

        init(_ name: String, _ code: IssuanceRefusal.Code?, _ bend: @escaping @Sendable (inout AttestedTask) -> Void) {
            self.testDescription = name
            self.code = code
            self.bend = bend
        }
    }

    static let taskCases: [TaskCase] = [
        TaskCase("pending", nil) { $0.lastStatus = "PENDING" },
        TaskCase("activating", nil) { $0.lastStatus = "ACTIVATING" },
        TaskCase("provisioning", .taskNotRunning) { $0.lastStatus = "PROVISIONING" },
        TaskCase("stopped", .taskNotRunning) { $0.lastStatus = "STOPPED" },
        TaskCase("to be stopped", .taskNotRunning) { $0.desiredStatus = "STOPPED" },
        TaskCase("other role", .taskRoleMismatch) { $0.roleARN = "arn:aws:iam::111122223333:role/other" },
        TaskCase("same name, other account", .taskRoleMismatch) {
            $0.roleARN = "arn:aws:iam::999999999999:role/echo-role"
        },
        TaskCase("no role", .taskRoleMismatch) { $0.roleARN = nil },
        TaskCase("other cluster", .clusterNotAllowed) { $0.cluster = "c2" },
        TaskCase("a namespace of its account", nil) {
            $0.namespaces = ["bank", "shop*"].compactMap { NamespacePattern(parsing: $0) }
        },
        TaskCase("no namespace of its account", .namespaceNotAllowed) {
            $0.namespaces = ["bank", "shop-*"].compactMap { NamespacePattern(parsing: $0) }
        },
        TaskCase("tags agree", nil) { $0.tags = ["tulle/namespace": "shop", "tulle/service-account": "echo"] },
        TaskCase("tag names another namespace", .bindingMissing) { $0.tags = ["tulle/namespace": "bank"] },
        TaskCase("tag names another account", .bindingMissing) { $0.tags = ["ecs.solo.io/service-account": "admin"] },
    ]

    @Test(arguments: taskCases)
    func judgesTheTask(_ one: TaskCase) async throws {
        let mesh = try TestMesh()
        var task = FakeAWS.task()
        one.bend(&task)
        mesh.aws.answers.withLock { $0.task = .found(task) }
        #expect(try await mesh.refusal(try TestMesh.call()) == one.code)
    }

    @Test(arguments: [
        (TaskLookupAnswer.missing, IssuanceRefusal.Code.taskNotFound),
        (.unavailable(reason: "ThrottlingException"), .stsUnavailable),
    ])
    func refusesATaskThatECSDoesNotVouchFor(_ answer: TaskLookupAnswer, _ code: IssuanceRefusal.Code) async throws {
        let mesh = try TestMesh()
        mesh.aws.answers.withLock { $0.task = answer }
        #expect(try await mesh.refusal(try TestMesh.call()) == code)
    }

    @Test func everyCodeHasItsAnswer() {
        for code in IssuanceRefusal.Code.allCases {
            let answer = IssuanceRefusal(code, "").answer
            if code.rawValue.hasPrefix("attestation_") || code == .stsRefused { #expect(answer == .unauthenticated) }
            if code.rawValue.hasPrefix("csr_") { #expect(answer == .invalidArgument) }
        }
        #expect(IssuanceRefusal(.stsUnavailable, "").answer == .unavailable)
        #expect(IssuanceRefusal(.bindingMissing, "").answer == .permissionDenied)
    }
}
