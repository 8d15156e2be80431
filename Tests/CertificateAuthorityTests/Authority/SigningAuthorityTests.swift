import CertificateAuthority
import Crypto
import Foundation
import MeshModel
import SwiftASN1
import Testing
import X509

@Suite struct SigningAuthorityTests {
    private let identity: SPIFFEID

    init() throws {
        self.identity = try SPIFFEID(parsing: "spiffe://cluster.local/ns/shop/sa/echo")
    }

    private func authority(
        _ directory: TemporaryDirectory,
        lifetimes: AuthorityLifetimes = AuthorityLifetimes(),
        now: Date = Date()
    ) throws -> SigningAuthority {
        try SigningAuthority(
            state: try StateDirectory(path: directory.path),
            trustDomain: "cluster.local",
            lifetimes: lifetimes,
            now: now
        )
    }

    private func request() throws -> SigningRequest {
        try SigningRequest(pem: try TestRequest.pem())
    }

    @Test func theChainIsLeafIntermediateRootEachInItsOwnElement() throws {
        let directory = try TemporaryDirectory()
        let authority = try self.authority(directory)
        let issued = try authority.issue(for: self.identity, request: try self.request(), lifetime: nil, now: Date())
        #expect(issued.chain.count == 3)
        for element in issued.chain {
            #expect(element.hasSuffix("-----END CERTIFICATE-----\n"))
            #expect(try PEMDocument.parseMultiple(pemString: element).count == 1)
        }
        #expect(issued.chain.last == authority.trustBundle)
    }

    @Test func theLeafNamesTheCallerAndNothingElse() throws {
        let directory = try TemporaryDirectory()
        let authority = try self.authority(directory)
        let request = try SigningRequest(pem: try TestRequest.pem(uris: ["spiffe://cluster.local/ns/x/sa/y"]))
        let now = Date()
        let issued = try authority.issue(for: self.identity, request: request, lifetime: .seconds(3600), now: now)
        let leaf = try Certificate(pemEncoded: issued.chain[0])
        #expect(leaf.subject.isEmpty)
        let names = try #require(leaf.extensions[oid: .X509ExtensionID.subjectAlternativeName])
        #expect(names.critical)
        #expect(Array(try SubjectAlternativeNames(names)) == [.uniformResourceIdentifier(self.identity.uri)])
        #expect(leaf.publicKey == request.publicKey)
        let usage = try #require(try leaf.extensions.keyUsage)
        #expect(usage.digitalSignature && usage.keyEncipherment && !usage.keyCertSign)
        let extended = try #require(try leaf.extensions.extendedKeyUsage)
        #expect(extended.contains(.serverAuth) && extended.contains(.clientAuth))
        #expect(issued.serial.count == 32)
        #expect(abs(leaf.notValidBefore.timeIntervalSince(now) + 120) < 2)
        #expect(abs(leaf.notValidAfter.timeIntervalSince(now) - 3600) < 2)
    }

    @Test(
        arguments: [(nil, 86_400), (0, 86_400), (-5, 86_400), (60, 60), (1, 10), (10_000_000, 86_400)]
            as [(Int?, Double)]
    )
    func theLifetimeIsClamped(_ wish: Int?, _ granted: Double) throws {
        let directory = try TemporaryDirectory()
        let now = Date()
        let issued = try self.authority(directory).issue(
            for: self.identity,
            request: try self.request(),
            lifetime: wish.map { .seconds($0) },
            now: now
        )
        #expect(abs(issued.notAfter.timeIntervalSince(now) - granted) < 2)
    }

    @Test func noLeafOutlivesTheIntermediate() throws {
        let directory = try TemporaryDirectory()
        var lifetimes = AuthorityLifetimes()
        lifetimes.intermediate = .seconds(1000)
        let now = Date()
        let authority = try self.authority(directory, lifetimes: lifetimes, now: now)
        let issued = try authority.issue(for: self.identity, request: try self.request(), lifetime: nil, now: now)
        #expect(issued.notAfter == authority.intermediateExpiry)
    }

    @Test func aRestartUsesTheSameRootAndIntermediate() throws {
        let directory = try TemporaryDirectory()
        let first = try self.authority(directory)
        let bundle = first.trustBundle
        let expiry = first.intermediateExpiry
        withExtendedLifetime(first) {}
        for file in ["root.pem", "intermediate.pem"] {
            let facts = try FileManager.default.attributesOfItem(atPath: "\(directory.path)/\(file)")
            #expect(facts[.posixPermissions] as? Int == 0o600)
        }
        let second = try self.authority(try self.copy(of: directory))
        #expect(second.trustBundle == bundle)
        #expect(second.intermediateExpiry == expiry)
    }

    @Test func theIntermediateIsRenewedAtHalfOfItsLifeAndOldLeavesStayValid() async throws {
        let directory = try TemporaryDirectory()
        let authority = try self.authority(directory)
        let now = Date()
        let old = try authority.issue(for: self.identity, request: try self.request(), lifetime: nil, now: now)
        #expect(try authority.renewIntermediate(now: now) == false)
        let later = now.addingTimeInterval(200 * 86_400)
        #expect(try authority.renewIntermediate(now: later))
        let new = try authority.issue(for: self.identity, request: try self.request(), lifetime: nil, now: later)
        #expect(old.chain[1] != new.chain[1])
        #expect(old.chain[2] == new.chain[2])
        #expect(try await ChainCheck.holds(old.chain, at: now))
        #expect(try await ChainCheck.holds(new.chain, at: later))
    }

    @Test func theIntermediateIsRenewedUnderLoadWithoutAFailure() async throws {
        let directory = try TemporaryDirectory()
        var lifetimes = AuthorityLifetimes()
        lifetimes.intermediate = .seconds(1000)
        // The time jumps here, so a call may be as far behind as all jumps together.
        lifetimes.backdating = .seconds(6000)
        let start = Date(timeIntervalSince1970: 1_800_000_000)
        let authority = try self.authority(directory, lifetimes: lifetimes, now: start)
        let clock = TestClock(start)
        let issued = try await withThrowingTaskGroup(of: [(IssuedCertificate, Date)].self) { group in
            for _ in 0..<4 {
                group.addTask {
                    try (0..<25).map { _ in
                        let now = clock.now
                        let request = try self.request()
                        return (try authority.issue(for: self.identity, request: request, lifetime: nil, now: now), now)
                    }
                }
            }
            group.addTask {
                for _ in 0..<10 {
                    let isNew = try authority.renewIntermediate(now: clock.move(501))
                    #expect(isNew)
                    await Task.yield()
                }
                return []
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(issued.count == 100)
        for (certificate, date) in issued { #expect(try await ChainCheck.holds(certificate.chain, at: date)) }
    }

    /// A mesh that is renamed keeps its roots: peers of the old name still verify.
    @Test func aRenamedMeshKeepsItsRootsAndIssuesInItsNewNameOnly() async throws {
        let directory = try TemporaryDirectory()
        let old = try self.authority(directory)
        let copy = try self.copy(of: directory)
        let renamed = try SigningAuthority(
            state: try StateDirectory(path: copy.path),
            trustDomain: "new.local",
            lifetimes: AuthorityLifetimes(),
            now: Date()
        )
        #expect(renamed.trustBundle == old.trustBundle)
        let identity = try SPIFFEID(parsing: "spiffe://new.local/ns/shop/sa/echo")
        let issued = try renamed.issue(for: identity, request: try self.request(), lifetime: nil, now: Date())
        #expect(try await ChainCheck.holds(issued.chain, trusting: old.trustBundle, uri: identity.uri))
        #expect(throws: AuthorityError.self) {
            try renamed.issue(for: self.identity, request: try self.request(), lifetime: nil, now: Date())
        }
    }

    @Test func aClockThatWasAheadForAWhileLeavesAnAuthorityThatSigns() throws {
        let directory = try TemporaryDirectory()
        let authority = try self.authority(directory)
        let now = Date()
        #expect(try authority.renewIntermediate(now: now.addingTimeInterval(400 * 86_400)))
        let error = #expect(throws: AuthorityError.self) {
            try authority.issue(for: self.identity, request: try self.request(), lifetime: nil, now: now)
        }
        #expect(error?.code == .authorityExpired, "nothing is signed by an intermediate of the future")
        #expect(try authority.renewIntermediate(now: now))
        _ = try authority.issue(for: self.identity, request: try self.request(), lifetime: nil, now: now)
        // A restart in that moment finds its way out too.
        #expect(try authority.renewIntermediate(now: now.addingTimeInterval(400 * 86_400)))
        let restarted = try self.authority(try self.copy(of: directory))
        _ = try restarted.issue(for: self.identity, request: try self.request(), lifetime: nil, now: now)
    }

    @Test func aClockBeyondTheRootsLifeReplacesNothing() throws {
        let authority = try self.authority(try TemporaryDirectory())
        let expiry = authority.intermediateExpiry
        for years in [-20.0, 11] {
            let error = #expect(throws: AuthorityError.self) {
                try authority.renewIntermediate(now: Date(timeIntervalSinceNow: years * 365 * 86_400))
            }
            #expect(error?.code == .authorityExpired)
        }
        #expect(authority.intermediateExpiry == expiry)
        _ = try authority.issue(for: self.identity, request: try self.request(), lifetime: nil, now: Date())
    }

    @Test func anIntermediateWithoutItsRootIsNoReasonForANewRoot() throws {
        let directory = try TemporaryDirectory()
        _ = try self.authority(directory)
        try FileManager.default.removeItem(atPath: "\(directory.path)/root.pem")
        let error = #expect(throws: AuthorityError.self) { try self.authority(directory) }
        #expect(error?.code == .stateCorrupt)
    }

    @Test func anIntermediateOfAnotherRootIsRefused() throws {
        let one = try TemporaryDirectory()
        let other = try TemporaryDirectory()
        _ = try self.authority(one)
        _ = try self.authority(other)
        try FileManager.default.removeItem(atPath: "\(one.path)/intermediate.pem")
        try FileManager.default.copyItem(
            atPath: "\(other.path)/intermediate.pem",
            toPath: "\(one.path)/intermediate.pem"
        )
        let error = #expect(throws: AuthorityError.self) { try self.authority(one) }
        #expect(error?.code == .stateCorrupt)
    }

    @Test func anExpiredRootStopsTheStart() throws {
        let directory = try TemporaryDirectory()
        _ = try self.authority(directory)
        let error = #expect(throws: AuthorityError.self) {
            try self.authority(directory, now: Date(timeIntervalSinceNow: 11 * 365 * 86_400))
        }
        #expect(error?.code == .authorityExpired)
    }

    @Test func theServerCertificateCarriesNamesAndAddresses() throws {
        let directory = try TemporaryDirectory()
        let names = ["tulled.example", "127.0.0.1", "::1"].compactMap(ServerName.init(parsing:))
        let serving = try self.authority(directory).makeServingCertificate(names: names, now: Date())
        let documents = try PEMDocument.parseMultiple(pemString: serving.chain)
        #expect(documents.count == 2)
        let leaf = try Certificate(derEncoded: documents[0].derBytes)
        let general = Array(try #require(try leaf.extensions.subjectAlternativeNames))
        #expect(general.count == 3)
        #expect(general.first == .dnsName("tulled.example"))
        #expect(general.contains(.ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1]))))
        #expect(serving.isDueForRenewal(at: serving.notAfter.addingTimeInterval(-1)))
    }

    @Test(arguments: ["", "-a.example", "a..b", "exa mple", "*.example", String(repeating: "a", count: 64)])
    func refusesWhatIsNoServerName(_ text: String) {
        #expect(ServerName(parsing: text) == nil)
    }

    @Test func theChainVerifies() async throws {
        let directory = try TemporaryDirectory()
        let issued = try self.authority(directory).issue(
            for: self.identity,
            request: try self.request(),
            lifetime: nil,
            now: Date()
        )
        #expect(try await ChainCheck.holds(issued.chain, at: Date()))
    }

    @Test(.enabled(if: OpenSSL.isInstalled))
    func opensslVerifiesTheChainForBothSidesOfAConnection() throws {
        let directory = try TemporaryDirectory()
        let issued = try self.authority(directory).issue(
            for: self.identity,
            request: try self.request(),
            lifetime: nil,
            now: Date()
        )
        #expect(try OpenSSL.accepts(issued.chain, trusting: issued.chain[2], at: Date()))
    }

    /// The lock of a state directory lives as long as its owner, so a "restart" inside one process works on a copy.
    private func copy(of directory: TemporaryDirectory) throws -> TemporaryDirectory {
        let copy = try TemporaryDirectory()
        for file in ["root.pem", "intermediate.pem"] {
            try FileManager.default.copyItem(atPath: "\(directory.path)/\(file)", toPath: "\(copy.path)/\(file)")
        }
        return copy
    }
}
