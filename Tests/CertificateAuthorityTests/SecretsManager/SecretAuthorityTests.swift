import AWSClient
import AWSTestSupport
import CertificateAuthority
import Foundation
import Logging
import MeshModel
import SwiftASN1
import Testing
import X509

@Suite struct SecretAuthorityTests {
    private let secret = TestSecret()
    private let root: TestAuthority
    private let first: TestAuthority

    init() throws {
        self.root = try TestAuthority("root")
        self.first = try TestAuthority("first", by: self.root) { $0.pathLength = 0 }
    }

    private func issue(_ authority: SigningAuthority) throws -> IssuedCertificate {
        try authority.issue(
            for: try SPIFFEID(parsing: "spiffe://cluster.local/ns/shop/sa/echo"),
            request: try SigningRequest(pem: try TestRequest.pem()),
            lifetime: nil,
            now: Date()
        )
    }

    private func signer(_ authority: SigningAuthority) throws -> String {
        try Certificate(pemEncoded: try self.issue(authority).chain[1]).subject.description
    }

    /// The fault that stops a start.
    private func fault(secret arn: String = TestSecret.arn) async -> AuthorityError? {
        await #expect(throws: AuthorityError.self) {
            try await self.secret.keeper(aws: self.secret.aws(), secret: arn)
        }
    }

    @Test func signsWithWhatTheSecretHolds() async throws {
        let middle = try TestAuthority("middle", by: self.root) { $0.pathLength = 1 }
        let signer = try TestAuthority("signer", by: middle) { $0.pathLength = 0 }
        try self.secret.store(signer, above: [middle], roots: [self.root])
        let aws = self.secret.aws()
        let issued = try self.issue(try await self.secret.keeper(aws: aws).authority)
        #expect(try ChainCheck.hasShape(issued.chain, authorities: 2, roots: 1))
        #expect(try await ChainCheck.holds(issued.chain))
        let request = try #require(aws.requests.first)
        #expect(request.header("Host") == "secretsmanager.eu-west-1.amazonaws.com", "the region is the secret's own")
        #expect(request.header("X-Amz-Target") == "secretsmanager.GetSecretValue")
    }

    @Test func theNamesOfATLSSecretWorkToo() async throws {
        let document: JSONValue = [
            "tls.crt": .string(try self.first.pem), "tls.key": .string(try self.first.keyPEM),
            "ca.crt": .string(try self.root.pem),
        ]
        self.secret.store(.text(document.text()))
        let keeper = try await self.secret.keeper(aws: self.secret.aws())
        #expect(try await ChainCheck.holds(try self.issue(keeper.authority).chain))
    }

    @Test(arguments: [
        ("AccessDeniedException", AuthorityError.Code.authoritySecretDenied),
        ("DecryptionFailure", .authoritySecretDenied), ("ExpiredTokenException", .authoritySecretDenied),
        ("ResourceNotFoundException", .authoritySecretMissing), ("InvalidRequestException", .authoritySecretMissing),
        ("InternalServiceError", .authoritySecretUnavailable), ("ThrottlingException", .authoritySecretUnavailable),
    ])
    func aSecretThatCannotBeReadStopsTheStart(_ code: String, _ expected: AuthorityError.Code) async throws {
        self.secret.store(.fault(code))
        let fault = await self.fault()
        #expect(fault?.code == expected)
        #expect(fault?.message.contains(code) == true)
        #expect(fault?.isTransient == (expected == .authoritySecretUnavailable))
    }

    @Test(arguments: [
        "arn:aws:secretsmanager:eu-west-1:111122223333:key:x", "arn:aws:acm-pca:eu-west-1:111122223333:secret:x",
        "tulle/authority", "",
    ])
    func whatIsNoSecretsNameIsNotAskedFor(_ arn: String) async throws {
        let aws = self.secret.aws()
        let fault = await #expect(throws: AuthorityError.self) { try await self.secret.keeper(aws: aws, secret: arn) }
        #expect(fault?.code == .authoritySecretMissing)
        #expect(aws.requests.isEmpty)
    }

    /// None of these say what the secret holds, though it is a key.
    @Test func whatTheSecretLacksIsSaidWithoutItsContent() async throws {
        let key = try self.first.keyPEM
        let leaf = try self.first.pem
        let body = String(try #require(key.split(separator: "\n").dropFirst().first))
        let good = try JSONValue(parsing: try TestSecret.document(self.first, roots: [self.root]))
        func text(_ change: (inout JSONValue) -> Void) -> TestSecret.Content {
            var changed = good
            change(&changed)
            return .text(changed.text())
        }
        let cases: [(TestSecret.Content, AuthorityError.Code, String)] = [
            (.bytes, .authorityFileInvalid, "SecretString"),
            (.text(key), .authorityFileInvalid, "JSON object"),
            (.text("[\"\(body)\"]"), .authorityFileInvalid, "JSON object"),
            (.text("{}"), .authorityFileMissing, "tls.crt"),
            (text { $0["ca-key.pem"] = nil }, .authorityFileMissing, "ca-key.pem"),
            (text { $0["ca-key.pem"] = ["pem": .string(key)] }, .authorityFileInvalid, "ca-key.pem"),
            (text { $0["ca-key.pem"] = .string(String(key.dropLast(60))) }, .authorityFileInvalid, "ca-key.pem"),
            (text { $0["ca-cert.pem"] = .string(key) }, .authorityFileInvalid, "ca-cert.pem"),
            (text { $0["root-cert.pem"] = .string(leaf) }, .authorityFileInvalid, "root-cert.pem"),
            (text { $0["more"] = .string(String(repeating: "x", count: 65_536)) }, .authorityFileInvalid, "65536"),
        ]
        for (content, code, word) in cases {
            self.secret.store(content)
            let fault = await self.fault()
            #expect(fault?.code == code, "\(word)")
            #expect(fault?.message.contains(word) == true, "\(String(describing: fault))")
            #expect(fault?.message.contains(TestSecret.arn) == true)
            #expect(!String(reflecting: fault).contains(body))
        }
    }

    @Test func anotherVersionIsTakenOnOnce() async throws {
        try self.secret.store(self.first, roots: [self.root])
        let keeper = try await self.secret.keeper(aws: self.secret.aws())
        #expect(try await !keeper.look(now: Date()), "the same version is no news")
        try self.secret.store(try TestAuthority("second", by: self.root), roots: [self.root])
        #expect(try await keeper.look(now: Date()))
        #expect(try self.signer(keeper.authority) == "CN=second", "at once")
        #expect(try keeper.authority.renewIntermediate(now: Date()), "the listener is to follow")
        #expect(try !keeper.authority.renewIntermediate(now: Date()))
        #expect(try await !keeper.look(now: Date()))
    }

    @Test func aBadVersionLeavesTheLastGoodOneAndIsLookedAtAgain() async throws {
        try self.secret.store(self.first, roots: [self.root])
        let keeper = try await self.secret.keeper(aws: self.secret.aws())
        let later = try TestAuthority("later", by: self.root) { $0.from = Date(timeIntervalSinceNow: 600) }
        try self.secret.store(later, roots: [self.root])
        var fault = await #expect(throws: AuthorityError.self) { try await keeper.look(now: Date()) }
        #expect(fault?.code == .authorityExpired)
        #expect(try self.signer(keeper.authority) == "CN=first")
        fault = #expect(throws: AuthorityError.self) { try keeper.authority.renewIntermediate(now: Date()) }
        #expect(keeper.authority.fault?.code == .authorityExpired)
        // The version has not changed, but the time has come.
        #expect(try await keeper.look(now: Date(timeIntervalSinceNow: 700)))
        _ = try keeper.authority.renewIntermediate(now: Date())
        #expect(keeper.authority.fault == nil)
    }

    @Test(arguments: ["InternalServiceError", "AccessDeniedException", "ResourceNotFoundException"])
    func aSecretThatCanNoLongerBeReadLeavesTheLastGoodState(_ code: String) async throws {
        try self.secret.store(self.first, roots: [self.root])
        let keeper = try await self.secret.keeper(aws: self.secret.aws())
        self.secret.store(.fault(code))
        await #expect(throws: AuthorityError.self) { try await keeper.look(now: Date()) }
        #expect(try self.signer(keeper.authority) == "CN=first")
        try self.secret.store(self.first, roots: [self.root])
        _ = try await keeper.look(now: Date())
        _ = try keeper.authority.renewIntermediate(now: Date())
        #expect(keeper.authority.fault == nil)
    }

    @Test func anotherRootIsRefused() async throws {
        try self.secret.store(self.first, roots: [self.root])
        let keeper = try await self.secret.keeper(aws: self.secret.aws())
        let other = try TestAuthority("other root")
        try self.secret.store(try TestAuthority("second", by: other), roots: [other])
        let fault = await #expect(throws: AuthorityError.self) { try await keeper.look(now: Date()) }
        #expect(fault?.code == .rootChangeRefused)
        #expect(try self.signer(keeper.authority) == "CN=first")
        try self.secret.store(self.first, roots: [self.root, other])
        #expect(try await keeper.look(now: Date()))
        #expect(try ChainCheck.certificates(keeper.authority.trustBundle).count == 2)
    }
}

/// The same against moto, as AWS's own tools store it.
@Suite(.enabled(if: MotoServer.isInstalled, "moto_server is not installed"))
struct SecretAuthorityMotoTests {
    @Test func aSecretIsReadAndItsNextVersionTakenOn() async throws {
        let moto = try await MotoServer.running()
        let client = AWSClient(try .test(["AWS_ENDPOINT_URL": moto.url]), logger: Logger(label: "test"))
        let root = try TestAuthority("root")
        func version(_ name: String) throws -> JSONValue {
            .string(try TestSecret.document(try TestAuthority(name, by: root), roots: [root]))
        }
        let made = try await client.call(
            .secretsManager,
            action: "CreateSecret",
            body: ["Name": "tulle/authority", "SecretString": try version("first")]
        )
        let arn = try #require(made["ARN"]?.string)
        let keeper = try await SecretKeeper(
            client: client,
            secret: arn,
            trustDomain: "cluster.local",
            lifetimes: AuthorityLifetimes(),
            now: Date(),
            logger: Logger(label: "test")
        )
        #expect(try await !keeper.look(now: Date()))
        _ = try await client.call(
            .secretsManager,
            action: "PutSecretValue",
            body: ["SecretId": .string(arn), "SecretString": try version("second")]
        )
        #expect(try await keeper.look(now: Date()))
        _ = try await client.call(
            .secretsManager,
            action: "DeleteSecret",
            body: ["SecretId": .string(arn), "ForceDeleteWithoutRecovery": true]
        )
        let fault = await #expect(throws: AuthorityError.self) { try await keeper.look(now: Date()) }
        #expect(fault?.code == .authoritySecretMissing)
        await client.shutdown()
    }
}
