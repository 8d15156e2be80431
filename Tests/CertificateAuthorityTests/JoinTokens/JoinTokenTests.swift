import CertificateAuthority
import Foundation
import Logging
import MeshModel
import Testing

@Suite struct JoinTokenTests {
    private let directory: TemporaryDirectory
    private let state: StateDirectory
    private let store: JoinTokenStore
    private let authority: SigningAuthority
    private let journal: IssuanceJournal
    private let issuer: CertificateIssuer
    private let now = Date()

    init() throws {
        self.directory = try TemporaryDirectory()
        self.state = try StateDirectory(path: self.directory.path)
        self.store = try JoinTokenStore(state: self.state)
        self.authority = try SigningAuthority(
            state: self.state,
            trustDomain: "cluster.local",
            lifetimes: AuthorityLifetimes(),
            now: Date()
        )
        self.journal = IssuanceJournal(state: self.state, logger: Logger(label: "test"))
        let aws = FakeAWS()
        self.issuer = CertificateIssuer(
            authority: self.authority,
            attestors: AttestorChoice(
                task: ECSAttestor(policy: try TestMesh.policy(), verifier: aws, tasks: aws),
                joinToken: JoinTokenAttestor(store: self.store, trustDomain: "cluster.local")
            ),
            journal: self.journal
        )
    }

    private func token(_ store: JoinTokenStore? = nil, lifetime: Duration = .seconds(3600)) throws -> FreshJoinToken {
        try (store ?? self.store).create(
            namespace: "edge",
            serviceAccount: "printer",
            lifetime: lifetime,
            createdBy: "ann",
            now: self.now
        )
    }

    private func call(_ token: String, uris: [String] = [], seconds: Int64 = 0) throws -> CertificateIssuer.Call {
        CertificateIssuer.Call(
            csr: try TestRequest.pem(uris: uris),
            validitySeconds: seconds,
            authorization: ["Bearer \(token)"],
            peer: "ipv4:192.0.2.1:1"
        )
    }

    /// What the caller sees, and the reason in the journal.
    private func refusal(_ call: CertificateIssuer.Call, now: Date? = nil) async throws -> (String, String?) {
        let refusal = await #expect(throws: IssuanceRefusal.self) {
            try await self.issuer.answer(call, now: now ?? self.now)
        }
        return (try #require(refusal).description, self.journal.newest.last?.code)
    }

    @Test func aTokenGivesItsIdentityOnce() async throws {
        let token = try self.token()
        let issued = try await self.issuer.answer(try self.call(token.text), now: self.now)
        #expect(issued.identity.uri == "spiffe://cluster.local/ns/edge/sa/printer")
        #expect(try await ChainCheck.holds(issued.chain, uri: issued.identity.uri))
        let record = try #require(self.journal.newest.last)
        #expect(record.attestor == "join_token" && record.caller == "join-token/\(token.token.id)")
        #expect(try await self.refusal(try self.call(token.text)).1 == "join_token_used")
        #expect(self.journal.newest.last?.caller == "join-token/\(token.token.id)")
        #expect(self.store.list(now: self.now).map { $0.condition(at: self.now) } == [.used])
        #expect(self.store.list(now: self.now).first?.usedKeyDigest == record.keyDigest)
    }

    @Test func aLostAnswerIsGivenAgainForTheSameKeyOnly() async throws {
        let token = try self.token()
        let call = try self.call(token.text)
        let first = try await self.issuer.answer(call, now: self.now)
        let used = self.store.list(now: self.now).first?.used
        // A token that was used is not written again.
        let file = try Data(contentsOf: URL(filePath: "\(self.directory.path)/join-tokens.json"))
        let later = self.now.addingTimeInterval(600)
        let again = try await self.issuer.answer(call, now: later)
        #expect(again.identity == first.identity)
        #expect(try Data(contentsOf: URL(filePath: "\(self.directory.path)/join-tokens.json")) == file)
        #expect(self.store.list(now: later).first?.used == used)
        #expect(self.journal.counts == ["issued": 2], "each certificate has its line")
        #expect(Set(self.journal.newest.map(\.keyDigest)).count == 1)
        #expect(self.journal.newest.allSatisfy { $0.caller == "join-token/\(token.token.id)" })
        #expect(try await self.refusal(try self.call(token.text), now: later).1 == "join_token_used")
        var other = call
        other.csr = try TestRequest.pem(uris: ["spiffe://cluster.local/ns/edge/sa/printer"])
        #expect(try await self.refusal(other, now: later).1 == "join_token_used")
        // Not beyond its end, not even for that key.
        let end = self.now.addingTimeInterval(3600)
        #expect(try await self.refusal(call, now: end).1 == "join_token_used")
        // The next process knows the key, too.
        let (directory, store) = try self.restarted()
        let attestor = JoinTokenAttestor(store: store, trustDomain: "cluster.local")
        let digest = try #require(self.journal.newest.first?.keyDigest)
        let evidence = CallerEvidence(authorization: call.authorization, keyDigest: digest)
        #expect(try await attestor.attest(evidence, now: later).identity == first.identity)
        withExtendedLifetime(directory) {}
    }

    @Test func allRefusalsLookTheSameFromOutside() async throws {
        let used = try self.token()
        _ = try await self.issuer.answer(try self.call(used.text), now: self.now)
        let revoked = try self.token()
        #expect(try self.store.revoke(revoked.token.id, now: self.now))
        let open = try self.token()
        let stranger = try TemporaryDirectory()
        let foreign = try self.token(try JoinTokenStore(state: try StateDirectory(path: stranger.path)))
        let secret = try #require(foreign.text.split(separator: ".").last)
        let wrong = "tulle-join.\(open.token.id).\(secret)"
        let identity = ["spiffe://cluster.local/ns/edge/sa/admin"]
        let cases: [(CertificateIssuer.Call, Date, String)] = [
            (try self.call(used.text), self.now, "join_token_used"),
            (try self.call(revoked.text), self.now, "join_token_revoked"),
            (try self.call(open.text), self.now.addingTimeInterval(3600), "join_token_expired"),
            (try self.call(foreign.text), self.now, "join_token_unknown"),
            (try self.call(wrong), self.now, "join_token_secret_wrong"),
            (try self.call(open.text, uris: identity), self.now, "join_token_identity_mismatch"),
            (try self.call("tulle-join.x"), self.now, "join_token_malformed"),
            (try self.call(open.text + "="), self.now, "join_token_malformed"),
            (try self.call(String(repeating: "tulle-join.", count: 10_000)), self.now, "join_token_malformed"),
        ]
        var answers: Set<String> = []
        for (call, now, reason) in cases {
            let (outside, inside) = try await self.refusal(call, now: now)
            answers.insert(outside)
            #expect(inside == reason)
        }
        #expect(answers == ["join_token_refused: not accepted; the control plane's journal says why"])
        _ = try await self.issuer.answer(try self.call(open.text), now: self.now)
    }

    @Test func whatStandsInTheWayDoesNotCostTheToken() async throws {
        let token = try self.token()
        var broken = try self.call(token.text)
        broken.csr = "nothing"
        #expect(try await self.refusal(broken).1 == "csr_malformed")
        #expect(try await self.refusal(try self.call(token.text, seconds: 1 << 33)).1 == "lifetime_too_long")
        _ = try await self.issuer.answer(try self.call(token.text), now: self.now)
    }

    @Test func manyAtOnceGetOneCertificate() async throws {
        let token = try self.token()
        let calls = try (0..<32).map { _ in try self.call(token.text) }
        let issued = await withTaskGroup(of: Bool.self) { group in
            for call in calls {
                group.addTask { (try? await self.issuer.answer(call, now: self.now)) != nil }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(issued == 1)
        #expect(self.journal.counts == ["issued": 1, "join_token_used": 31])
    }

    @Test func onlyTheHashIsKept() throws {
        let token = try self.token()
        let secret = try #require(token.text.split(separator: ".").last)
        let file = try String(contentsOfFile: "\(self.directory.path)/join-tokens.json", encoding: .utf8)
        #expect(file.contains(token.token.id) && !file.contains(secret))
        #expect(secret.utf8.count == 43, "256 bits")
        #expect(!"\(token)".contains(secret))
    }

    /// A restart inside one process works on a copy, as the lock lives as long as its owner.
    private func restarted() throws -> (TemporaryDirectory, JoinTokenStore) {
        let copy = try TemporaryDirectory()
        try FileManager.default.copyItem(
            atPath: "\(self.directory.path)/join-tokens.json",
            toPath: "\(copy.path)/join-tokens.json"
        )
        return (copy, try JoinTokenStore(state: try StateDirectory(path: copy.path)))
    }

    @Test func aUseIsOnDiskBeforeTheAnswer() async throws {
        let token = try self.token()
        let other = try self.token()
        let attestor = JoinTokenAttestor(store: self.store, trustDomain: "cluster.local")
        _ = try await attestor.attest(CallerEvidence(authorization: ["Bearer \(token.text)"]), now: self.now)
        // Whatever happens from here on, the next process knows.
        let (directory, store) = try self.restarted()
        let second = JoinTokenAttestor(store: store, trustDomain: "cluster.local")
        let refusal = await #expect(throws: IssuanceRefusal.self) {
            try await second.attest(CallerEvidence(authorization: ["Bearer \(token.text)"]), now: self.now)
        }
        #expect(refusal?.reason == .joinTokenUsed)
        _ = try await second.attest(CallerEvidence(authorization: ["Bearer \(other.text)"]), now: self.now)
        withExtendedLifetime(directory) {}
    }

    @Test func aUseThatCannotBeKeptIsNone() async throws {
        let token = try self.token()
        let path = "\(self.directory.path)/join-tokens.json"
        let aside = "\(self.directory.path)/aside"
        // A directory in the file's place cannot be replaced by a file, not even by root.
        try FileManager.default.moveItem(atPath: path, toPath: aside)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        #expect(try await self.refusal(try self.call(token.text)).1 == "authority_unavailable")
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.moveItem(atPath: aside, toPath: path)
        _ = try await self.issuer.answer(try self.call(token.text), now: self.now)
    }

    @Test func thereIsABoundAndTheOldMakeRoom() throws {
        let store = try JoinTokenStore(state: self.state, capacity: 3)
        for _ in 0..<3 { _ = try self.token(store) }
        let error = #expect(throws: AuthorityError.self) { try self.token(store) }
        #expect(error?.code == .joinTokensFull)
        let later = self.now.addingTimeInterval(3600 + 86_400)
        let fresh = try store.create(
            namespace: "edge",
            serviceAccount: "printer",
            lifetime: .seconds(60),
            createdBy: "ann",
            now: later
        )
        #expect(store.list(now: later).map(\.id) == [fresh.token.id])
    }

    @Test func aRevokedTokenStaysRevokedAndIsNotRevokedTwice() throws {
        let token = try self.token()
        #expect(try self.store.revoke(token.token.id, now: self.now))
        #expect(try !self.store.revoke(token.token.id, now: self.now))
        #expect(try !self.store.revoke("0123456789abcdef", now: self.now))
        let (directory, store) = try self.restarted()
        #expect(store.list(now: self.now).map { $0.condition(at: self.now) } == [.revoked])
        withExtendedLifetime(directory) {}
    }

    @Test(arguments: [
        ("", "a", 60), ("a", "..", 60), (String(repeating: "n", count: 64), "a", 60),
        ("a", String(repeating: "s", count: 254), 60), ("a/b", "c", 60), ("a", "b", 59), ("a", "b", 30 * 86_400 + 1),
        ("a", "b", -1),
    ])
    func aTokenForWhatCannotBeIsRefused(_ namespace: String, _ account: String, _ seconds: Int) {
        let error = #expect(throws: AuthorityError.self) {
            try self.store.create(
                namespace: namespace,
                serviceAccount: account,
                lifetime: .seconds(seconds),
                createdBy: "ann",
                now: self.now
            )
        }
        #expect(error?.code == .joinTokenInvalid)
        #expect(self.store.list(now: self.now).isEmpty)
    }

    @Test(arguments: ["", "[]x", "{}", #"[{"id":"a"}]"#]) func aBrokenFileStopsTheStart(_ text: String) throws {
        let directory = try TemporaryDirectory()
        let state = try StateDirectory(path: directory.path)
        try state.write("join-tokens.json", Array(text.utf8))
        let error = #expect(throws: AuthorityError.self) { try JoinTokenStore(state: state) }
        #expect(error?.code == .stateCorrupt)
    }

    @Test func aTasksStatementStillWorksBesideThem() async throws {
        _ = try await self.issuer.answer(try TestMesh.call(), now: Date())
        #expect(self.journal.newest.last?.attestor == "ecs_task")
    }
}
