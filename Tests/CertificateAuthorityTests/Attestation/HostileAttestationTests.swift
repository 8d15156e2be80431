import AWSSignature
import CertificateAuthority
import Foundation
import Synchronization
import Testing

/// What somebody would send who wants a certificate that is not theirs.
@Suite struct HostileAttestationTests {
    private let secrets = ["SECRETKEY", "SESSIONTOKEN"]

    private func call(_ bend: (inout TestAttestation) -> Void = { _ in }) throws -> CertificateIssuer.Call {
        try TestMesh.call { attestation in
            attestation.credentials.secretAccessKey = "SECRETKEY"
            attestation.credentials.sessionToken = "SESSIONTOKEN"
            bend(&attestation)
        }
    }

    @Test(arguments: [
        "sts.evil.example", "sts.us-east-1.amazonaws.com.evil", "sts.us-east-1.amazonaws.com.", "sts.amazonaws.com",
        "STS.us-east-1.amazonaws.com", "sts.us-east-1.amazonaws.com:443", "sts.us-east-1.amazonaws.com@evil.example",
        "evil@sts.us-east-1.amazonaws.com", "sts.us-east-1.amazonaws.com#", "sts.us-east-1.amazonaws.com?",
        "sts.us-east-1.amazonaws.com\\evil", "sts.us-east-1.amazonaws.com.cn", "ssts.us-east-1.amazonaws.com",
        "sts.us-east-1.amazonaws.com evil.example", "sts.us-east-1%2eamazonaws.com", "[::1]", "127.0.0.1",
        "sts.us-east-1.amazonaws.com, evil.example", "sts.us-gov-west-1.amazonaws.com",
    ])
    func onlyTheRegionsOwnHostsCount(_ host: String) async throws {
        let mesh = try TestMesh()
        #expect(try await mesh.refusal(try self.call { $0.host = host }) == .attestationHostNotAllowed)
        #expect(mesh.aws.answers.withLock { $0.requests.isEmpty })
    }

    @Test(arguments: ["sts.us-east-1.amazonaws.com", "sts-fips.us-east-1.amazonaws.com", "sts.us-east-1.api.aws"])
    func theRegionsOwnHostsDoCount(_ host: String) async throws {
        let mesh = try TestMesh()
        #expect(try await mesh.refusal(try self.call { $0.host = host }) == nil)
    }

    private func json(_ headers: [String: String]) throws -> String {
        String(decoding: try JSONSerialization.data(withJSONObject: headers, options: .sortedKeys), as: UTF8.self)
    }

    private static func payload(_ headers: String, region: String = "us-east-1") -> Data {
        Data("{\"headers\":\(headers),\"region\":\"\(region)\"}".utf8)
    }

    private static func renamed(_ headers: String, _ name: String) -> String {
        headers.replacingOccurrences(of: "\"host\"", with: "\"\(name)\"")
    }

    /// Payloads that two readers could read in two ways, by name, each made of the honest headers' JSON.
    private static let payloads: [(String, @Sendable (String) -> Data)] = [
        ("header twice", { Self.payload(#"{"host":"sts.evil.example",\#($0.dropFirst())"#) }),
        ("header twice, escaped", { Self.payload(#"{"\u0068ost":"sts.evil.example",\#($0.dropFirst())"#) }),
        ("field twice", { Data(#"{"headers":\#($0),"region":"eu-west-1","region":"us-east-1"}"#.utf8) }),
        ("headers twice", { Data(#"{"headers":{},"headers":\#($0),"region":"us-east-1"}"#.utf8) }),
        ("UTF-16", { String(decoding: Self.payload($0), as: UTF8.self).data(using: .utf16LittleEndian) ?? Data() }),
        ("byte order mark", { Data([0xef, 0xbb, 0xbf]) + Self.payload($0) }),
        ("something behind", { Self.payload($0) + Data("{}".utf8) }),
        ("upper case header", { Self.payload(Self.renamed($0, "Host")) }),
        ("header more", { Self.payload(#"{"x-forwarded-host":"e",\#($0.dropFirst())"#) }),
        ("space in a name", { Self.payload(Self.renamed($0, "host ")) }),
        ("deep", { _ in Data(String(repeating: "[", count: 10_000).utf8) }),
        ("line break in the region", { Self.payload($0, region: #"us-east-1\n2026 info forged"#) }),
        (
            "combining marks in the region",
            { Self.payload($0, region: "a" + String(repeating: "\u{301}", count: 3_000)) }
        ),
    ]

    @Test(arguments: payloads.map(\.0))
    func aPayloadThatCouldBeReadInTwoWaysIsRefused(_ name: String) async throws {
        let mesh = try TestMesh()
        var call = try self.call()
        var headers = ""
        _ = try TestMesh.call { attestation in
            headers = (try? self.json(attestation.headers())) ?? ""
        }
        // Unbent it is well formed, so what is refused below is refused for its bend.
        _ = try AttestationToken(authorization: [TestAttestation.authorization(Self.payload(headers))])
        let make = try #require(Self.payloads.first { $0.0 == name }?.1)
        call.authorization = [TestAttestation.authorization(make(headers))]
        do {
            _ = try await mesh.issuer.answer(call, now: Date())
            Issue.record("taken")
        } catch let refusal as IssuanceRefusal {
            #expect(refusal.code == .attestationMalformed)
            #expect(refusal.description.utf8.allSatisfy { (0x20...0x7e).contains($0) }, "it goes into logs")
            #expect(refusal.description.utf8.count <= 1_100)
        }
        #expect(mesh.aws.answers.withLock { $0.requests.isEmpty })
    }

    @Test(arguments: [(-120.0, true), (-121, false), (120, true), (121, false)])
    func theAgeEndsAtTwoMinutesEitherWay(_ offset: Double, _ isTaken: Bool) async throws {
        let mesh = try TestMesh()
        let now = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.down))
        let call = try self.call { $0.date = now.addingTimeInterval(offset) }
        #expect(try await mesh.refusal(call, now: now) == (isTaken ? nil : .attestationExpired))
    }

    @Test func aClockThatIsSetForwardAndBackBringsNoUsedAttestationBack() async throws {
        let mesh = try TestMesh()
        let now = Date()
        let call = try self.call()
        #expect(try await mesh.refusal(call, now: now) == nil)
        let later = now.addingTimeInterval(3_600)
        #expect(try await mesh.refusal(try self.call { $0.date = later }, now: later) == nil)
        #expect(try await mesh.refusal(call, now: now) == .attestationReplayed)
    }

    @Test func twoAtOnceWithOneAttestationGetOneCertificate() async throws {
        let mesh = try TestMesh()
        let call = try self.call()
        let codes = try await withThrowingTaskGroup(of: IssuanceRefusal.Code?.self) { group in
            for _ in 0..<16 { group.addTask { try await mesh.refusal(call) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes.filter { $0 == nil }.count == 1)
        #expect(codes.filter { $0 == .attestationReplayed }.count == 15)
    }

    @Test func anotherWayToWriteTheSameSignatureIsAReplay() async throws {
        let mesh = try TestMesh()
        var call = try self.call()
        let token = try AttestationToken(authorization: call.authorization)
        #expect(try await mesh.refusal(call) == nil)
        var headers = token.headers
        headers["authorization"] = headers["authorization"]?.replacingOccurrences(of: ", ", with: ",   ")
        let payload = try JSONSerialization.data(withJSONObject: ["headers": headers, "region": "us-east-1"])
        call.authorization = [TestAttestation.authorization(payload)]
        #expect(try await mesh.refusal(call) == .attestationReplayed)
    }

    static let callers = [
        "arn:aws:sts::111122223333:assumed-role/mesh/echo-role/\(FakeAWS.taskID)",
        "arn:aws:sts::111122223333:assumed-role/echo-role/\(FakeAWS.taskID)/x",
        "arn:aws:sts::1111222233334:assumed-role/echo-role/\(FakeAWS.taskID)",
        "arn:aws:sts::111122223333 :assumed-role/echo-role/\(FakeAWS.taskID)",
        "arn:aws:iam::111122223333:assumed-role/echo-role/\(FakeAWS.taskID)",
        "arn:aws:sts:us-east-1:111122223333:assumed-role/echo-role/\(FakeAWS.taskID)",
        "arn:aws:sts::111122223333:assumed-role/echo-role/\(FakeAWS.taskID)\n",
        "ARN:aws:sts::111122223333:assumed-role/echo-role/\(FakeAWS.taskID)",
        "arn:evil:sts::111122223333:assumed-role/echo-role/\(FakeAWS.taskID)",
    ]

    @Test(arguments: callers)
    func aSignerOfAnotherShapeIsNoTask(_ arn: String) async throws {
        let mesh = try TestMesh()
        mesh.aws.answers.withLock { $0.caller = .caller(arn: arn) }
        #expect(try await mesh.refusal(try self.call()) == .notATaskRole)
    }

    @Test(arguments: ["c", "c11", "C1", "", "c1 ", "arn:aws:ecs:us-east-1:111122223333:cluster/c1"])
    func aClusterCountsOnlyByItsWholeName(_ cluster: String) async throws {
        let mesh = try TestMesh()
        var task = FakeAWS.task()
        task.cluster = cluster
        mesh.aws.answers.withLock { [task] in $0.task = .found(task) }
        #expect(try await mesh.refusal(try self.call()) == .clusterNotAllowed)
    }

    @Test(arguments: [
        "arn:aws:iam::111122223333:role/Echo-role", "arn:aws:iam::111122223333:role/echo-role/",
        "arn:aws-cn:iam::111122223333:role/echo-role", "arn:aws:iam::111122223333:user/echo-role", "echo-role", "",
        "arn:aws:iam::111122223333:role/echo-role/admin",
    ])
    func aTaskWithAnotherRoleIsRefused(_ role: String) async throws {
        let mesh = try TestMesh()
        var task = FakeAWS.task()
        task.roleARN = role
        mesh.aws.answers.withLock { [task] in $0.task = .found(task) }
        #expect(try await mesh.refusal(try self.call()) == .taskRoleMismatch)
    }

    @Test func nothingSecretReachesErrorsDescriptionsOrTheJournal() async throws {
        let mesh = try TestMesh()
        let calls = [
            try self.call(), try self.call { $0.audience = "other" }, try self.call { $0.host = "sts.evil.example" },
            try self.call { $0.date = Date(timeIntervalSinceNow: -999) }, try self.call { $0.keyDigest = "00" },
            try self.call { $0.unsigned = ["host"] }, try self.call { $0.added = ["x": "SESSIONTOKEN"] },
            try self.call { $0.replaced = ["authorization": "Bearer SESSIONTOKEN"] },
            try self.call { $0.replaced = ["x-amz-date": "SESSIONTOKEN"] },
        ]
        var texts: [String] = []
        for call in calls {
            if let token = try? AttestationToken(authorization: call.authorization) { texts.append("\(token)") }
            do {
                texts.append("\(try await mesh.issuer.answer(call, now: Date()))")
            } catch {
                texts.append("\(error)")
            }
        }
        mesh.aws.answers.withLock { answers in
            texts += answers.requests.map { "\($0)" }
            answers.caller = .refused(code: "SignatureDoesNotMatch")
        }
        await #expect { _ = try await mesh.issuer.answer(try self.call(), now: Date()) } throws: { error in
            texts.append("\(error)")
            return true
        }
        texts.append("\(try mesh.authority.makeServingCertificate(names: [], now: Date()))")
        texts.append(try String(contentsOfFile: "\(mesh.directory.path)/issued.log", encoding: .utf8))
        texts.append("\(mesh.journal.newest)")
        for call in calls {
            let payload = try #require(call.authorization.first).dropFirst(AttestationToken.prefix.count)
            for text in texts { #expect(!text.contains(payload)) }
        }
        for text in texts {
            for secret in self.secrets + ["PRIVATE KEY", "Signature="] { #expect(!text.contains(secret), "\(text)") }
        }
    }
}
