import CertificateAuthority
import Crypto
import Foundation
import MeshModel
import SwiftASN1
import Testing
@_spi(FixedExpiryValidationTime) import X509

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
        #expect(try await self.verifies(old.chain, at: now))
        #expect(try await self.verifies(new.chain, at: later))
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
        #expect(try await self.verifies(issued.chain, at: Date()))
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")))
    func opensslVerifiesTheChainForBothSidesOfAConnection() throws {
        let directory = try TemporaryDirectory()
        let issued = try self.authority(directory).issue(
            for: self.identity,
            request: try self.request(),
            lifetime: nil,
            now: Date()
        )
        for (name, text) in zip(["leaf", "intermediate", "root"], issued.chain) {
            try text.write(toFile: "\(directory.path)/\(name).crt", atomically: true, encoding: .utf8)
        }
        for purpose in ["sslclient", "sslserver"] {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
            process.currentDirectoryURL = URL(fileURLWithPath: directory.path)
            process.arguments = [
                "verify", "-x509_strict", "-purpose", purpose, "-CAfile", "root.crt", "-untrusted", "intermediate.crt",
                "leaf.crt",
            ]
            let output = Pipe()
            process.standardOutput = output
            process.standardError = output
            try process.run()
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationStatus == 0, "\(text)")
        }
    }

    private func verifies(_ chain: [String], at date: Date) async throws -> Bool {
        let root = try Certificate(pemEncoded: try #require(chain.last))
        var verifier = Verifier(rootCertificates: CertificateStore([root])) {
            RFC5280Policy(fixedExpiryValidationTime: date)
            OneIdentityPolicy(uri: self.identity.uri)
        }
        let intermediates = try chain.dropFirst().dropLast().map { try Certificate(pemEncoded: $0) }
        let result = await verifier.validate(
            leaf: try Certificate(pemEncoded: chain[0]),
            intermediates: CertificateStore(intermediates)
        )
        guard case .validCertificate = result else { return false }
        return true
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

/// Demands what a mesh peer demands: one URI name, and a key that may sign.
private struct OneIdentityPolicy: VerifierPolicy {
    let uri: String
    let verifyingCriticalExtensions: [ASN1ObjectIdentifier] = [
        .X509ExtensionID.subjectAlternativeName, .X509ExtensionID.keyUsage,
    ]

    func chainMeetsPolicyRequirements(chain: UnverifiedCertificateChain) async -> PolicyEvaluationResult {
        guard let names = try? chain.leaf.extensions.subjectAlternativeNames,
            Array(names) == [.uniformResourceIdentifier(self.uri)],
            (try? chain.leaf.extensions.keyUsage)?.digitalSignature == true,
            chain.dropFirst().allSatisfy({ (try? $0.extensions.keyUsage)?.keyCertSign == true })
        else { return .failsToMeetPolicy(reason: "wrong name or use") }
        return .meetsPolicy
    }
}
