import AWSClient
import CertificateAuthority
import ControlPlane
import Foundation
import MeshModel
import Testing

/// Join tokens of replicas that share a table.
@Suite struct TableJoinTokensTests {
    private let table = MemoryTable()
    private let now = Date(timeIntervalSince1970: 1_800_000_000)

    /// A replica's store.
    private func store(capacity: Int = 100) -> TableJoinTokens {
        TableJoinTokens(table: self.table, capacity: capacity, gate: TokenGate(concurrent: 200, perSecond: 1000))
    }

    private func token(_ store: TableJoinTokens, account: String = "printer") async throws -> FreshJoinToken {
        try await store.create(
            namespace: "edge",
            serviceAccount: account,
            lifetime: .seconds(3600),
            createdBy: "ann",
            now: self.now
        )
    }

    private func presented(_ token: FreshJoinToken) throws -> PresentedJoinToken {
        try #require(PresentedJoinToken(authorization: ["Bearer \(token.text)"]))
    }

    private func use(
        _ token: FreshJoinToken,
        at store: TableJoinTokens,
        key: String,
        now: Date? = nil
    ) async throws -> JoinTokenVerdict {
        try await store.consume(try self.presented(token), keyDigest: key, now: now ?? self.now) { _ in true }
    }

    @Test func aTokenMadeAtOneReplicaIsUsedAtAnotherOnce() async throws {
        let token = try await self.token(self.store())
        let other = self.store()
        guard case .consumed(let used) = try await self.use(token, at: other, key: "k1") else {
            Issue.record("it is not consumed")
            return
        }
        #expect(used.usedKeyDigest == "k1" && used.id == token.token.id)
        #expect(try await self.use(token, at: self.store(), key: "k2") == .refused(.joinTokenUsed))
        // The first answer may have been lost: the same key again, at any replica.
        #expect(try await self.use(token, at: self.store(), key: "k1") == .consumed(used))
        let later = self.now.addingTimeInterval(3600)
        #expect(try await self.use(token, at: self.store(), key: "k1", now: later) == .refused(.joinTokenUsed))
        #expect(try await self.store().list(now: self.now).map { $0.condition(at: self.now) } == [.used])
        #expect(try await self.store().hasJoined("edge/printer"))
        #expect(try await !self.store().hasJoined("edge/other"))
    }

    @Test func ofAHundredWithKeysOfTheirOwnAtTwoReplicasOneWins() async throws {
        let replicas = [self.store(), self.store()]
        let token = try await self.token(replicas[0])
        let verdicts = try await withThrowingTaskGroup(of: JoinTokenVerdict.self) { group in
            for number in 0..<100 {
                group.addTask { try await self.use(token, at: replicas[number % 2], key: "k\(number)") }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(verdicts.filter { $0 == .refused(.joinTokenUsed) }.count == 99)
        #expect(verdicts.filter { if case .consumed = $0 { true } else { false } }.count == 1)
    }

    @Test func anotherReplicaThatIsFirstWins() async throws {
        let (one, other) = (self.store(), self.store())
        let token = try await self.token(one)
        self.table.meddle { _ = try await self.use(token, at: other, key: "k2") }
        #expect(try await self.use(token, at: one, key: "k1") == .refused(.joinTokenUsed))
        let second = try await self.token(one)
        self.table.meddle { _ = try await other.revoke(second.token.id, now: self.now) }
        #expect(try await self.use(second, at: one, key: "k1") == .refused(.joinTokenRevoked))
        let third = try await self.token(one)
        self.table.meddle { _ = try await self.use(third, at: other, key: "k1") }
        guard case .consumed = try await self.use(third, at: one, key: "k1") else {
            Issue.record("the same key is let in though its other call was first")
            return
        }
    }

    @Test func whileTheTableIsAwayNobodyGetsAnythingAndTokensStayOpen() async throws {
        let store = self.store()
        let token = try await self.token(store)
        let attestor = JoinTokenAttestor(store: store, trustDomain: "cluster.local")
        let evidence = CallerEvidence(authorization: ["Bearer \(token.text)"], keyDigest: "k1")
        self.table.failure = MemoryTable.gone
        let refusal = await #expect(throws: IssuanceRefusal.self) {
            try await attestor.attest(evidence, now: self.now)
        }
        #expect(refusal?.code == .authorityUnavailable)
        let tokens = JoinTokens(store: store, bound: BoundAccounts(), now: { self.now })
        for call: () async throws -> Void in [
            { _ = try await tokens.tokens() },
            { _ = try await tokens.make(TokenWish(namespace: "edge", serviceAccount: "printer")) },
            { try await tokens.revoke(token.token.id) },
        ] {
            let fault = await #expect(throws: AdminFault.self) { try await call() }
            #expect(fault?.code == .unavailable)
        }
        let error = await #expect(throws: AuthorityError.self) { try await store.hasJoined("edge/printer") }
        #expect(error?.code == .stateUnavailable)
        self.table.failure = nil
        #expect(try await attestor.attest(evidence, now: self.now).identity.serviceAccount == "printer")
    }

    /// The write may have been made although no answer came.
    @Test func aUseWhoseAnswerWasLostIsRepeatedByTheSameKeyOnly() async throws {
        let store = self.store()
        let token = try await self.token(store)
        self.table.meddle {
            _ = try await self.use(token, at: self.store(), key: "k1")
            self.table.failure = MemoryTable.gone
        }
        await #expect(throws: AuthorityError.self) { try await self.use(token, at: store, key: "k1") }
        self.table.failure = nil
        #expect(try await self.use(token, at: store, key: "k2") == .refused(.joinTokenUsed))
        guard case .consumed = try await self.use(token, at: store, key: "k1") else {
            Issue.record("its holder is cut off")
            return
        }
    }

    @Test func whoIsRefusedWritesNothing() async throws {
        let store = self.store()
        let token = try await self.token(store)
        let writes = self.table.writes.count
        let secret = try #require(try await self.token(self.store()).text.split(separator: ".").last)
        let wrong = try #require(
            PresentedJoinToken(authorization: ["Bearer tulle-join.\(token.token.id).\(secret)"])
        )
        #expect(
            try await store.consume(wrong, keyDigest: "k", now: self.now) { _ in true }
                == .refused(.joinTokenSecretWrong)
        )
        #expect(
            try await store.consume(try self.presented(token), keyDigest: "k", now: self.now) { _ in false }
                == .refused(.joinTokenIdentityMismatch)
        )
        #expect(
            try await self.use(token, at: store, key: "k", now: self.now.addingTimeInterval(3600))
                == .refused(.joinTokenExpired)
        )
        #expect(self.table.writes.count == writes + 1, "the second token's own")
        guard case .consumed = try await self.use(token, at: store, key: "k") else {
            Issue.record("it is used up all the same")
            return
        }
    }

    @Test func onlyTheHashIsInTheTable() async throws {
        let token = try await self.token(self.store())
        let secret = try #require(token.text.split(separator: ".").last)
        let text = "\(self.table.items)"
        #expect(text.contains(token.token.id) && text.contains(token.token.hash) && !text.contains(secret))
    }

    @Test func anItemThatContradictsItselfIsNoToken() async throws {
        let store = self.store()
        let token = try await self.token(store)
        let key = TableKey("token", token.token.id)
        let good = try #require(self.table.items[key])
        let bends: [(inout TableItem) -> Void] = [
            { $0.fields["hash"] = nil }, { $0.fields["expires"] = .string("x") },
            { $0.fields["used"] = .number(1) }, { $0.fields["state"] = .string("used") },
        ]
        for bend in bends {
            var bad = good
            bend(&bad)
            _ = try await self.table.write([.put(bad)])
            #expect(try await self.use(token, at: store, key: "k") == .refused(.joinTokenUnknown))
            #expect(try await store.list(now: self.now).isEmpty)
        }
        _ = try await self.table.write([.put(good)])
        #expect(try await store.list(now: self.now).map(\.id) == [token.token.id])
    }

    @Test func thereIsABoundAndTheOldMakeRoom() async throws {
        let store = self.store(capacity: 2)
        let first = try await self.token(store)
        _ = try await self.token(store)
        let error = await #expect(throws: AuthorityError.self) { try await self.token(store) }
        #expect(error?.code == .joinTokensFull)
        #expect(try await store.revoke(first.token.id, now: self.now))
        #expect(try await !store.revoke(first.token.id, now: self.now))
        let later = self.now.addingTimeInterval(3600 + 86_400)
        #expect(try await store.list(now: later).isEmpty)
        let item = try #require(self.table.items[TableKey("token", first.token.id)])
        #expect(item["ttl"]?.number == Int64(later.timeIntervalSince1970))
    }

    @Test func whatOneHadAloneGoesOverIntoTheTable() async throws {
        let directory = try TemporaryDirectory()
        let state = try StateDirectory(path: directory.path)
        let alone = try JoinTokenStore(state: state)
        func make(_ account: String) throws -> FreshJoinToken {
            try alone.create(
                namespace: "edge",
                serviceAccount: account,
                lifetime: .seconds(3600),
                createdBy: "ann",
                now: self.now
            )
        }
        let (used, open) = (try make("printer"), try make("scanner"))
        _ = try alone.consume(try self.presented(used), keyDigest: "k1", now: self.now) { _ in true }
        let store = self.store()
        try await store.adopt(alone, now: self.now)
        #expect(try await store.list(now: self.now) == alone.list(now: self.now))
        #expect(try await store.hasJoined("edge/printer"))
        #expect(try await self.use(used, at: store, key: "k2") == .refused(.joinTokenUsed))
        guard case .consumed = try await self.use(open, at: store, key: "k3") else {
            Issue.record("an open token does not work any more")
            return
        }
        // Once more, as after a crash in between: what was used since stays used.
        try await store.adopt(alone, now: self.now)
        #expect(try await self.use(open, at: store, key: "k4") == .refused(.joinTokenUsed))
        try JoinTokenStore.setAside(in: state)
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
        #expect(names == ["lock", "moved-join-tokens.json", "moved-joined.json"])
        try JoinTokenStore.setAside(in: state)
    }

    @Test func strangersAreBounded() async throws {
        let store = TableJoinTokens(table: self.table, gate: TokenGate(concurrent: 1, perSecond: 3))
        let token = try await self.token(self.store())
        let reads = self.table.reads
        var refused = 0
        for _ in 0..<20 {
            do {
                _ = try await self.use(token, at: store, key: "")
            } catch let error as AuthorityError {
                #expect(error.code == .stateUnavailable)
                refused += 1
            }
        }
        #expect(refused >= 15 && self.table.reads - reads <= 15)
    }
}
