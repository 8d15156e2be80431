import CertificateAuthority
import Crypto
import Foundation
import MeshModel
import SwiftASN1
import Testing
import X509

@Suite struct PluggedInAuthorityTests {
    private let directory: TemporaryDirectory
    private let root: TestAuthority
    private let middle: TestAuthority
    private let signer: TestAuthority

    init() throws {
        self.directory = try TemporaryDirectory()
        self.root = try TestAuthority("root")
        self.middle = try TestAuthority("middle", by: self.root) { $0.pathLength = 1 }
        self.signer = try TestAuthority("signer", by: self.middle) { $0.pathLength = 0 }
    }

    private func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(self.directory.path)/\(name)"))
    }

    /// Istio's four files, as its own documentation makes them: the chain file names signer and root too.
    private func writeAll() throws {
        try self.write("ca-cert.pem", self.signer.pem)
        try self.write("ca-key.pem", self.signer.keyPEM)
        try self.write("cert-chain.pem", self.signer.pem + self.middle.pem + self.root.pem)
        try self.write("root-cert.pem", self.root.pem)
    }

    private func authority(now: Date = Date()) throws -> SigningAuthority {
        try SigningAuthority(
            pluggedIn: self.directory.path,
            trustDomain: "cluster.local",
            lifetimes: AuthorityLifetimes(),
            now: now
        )
    }

    private func fault(_ code: AuthorityError.Code, naming file: String) throws {
        let error = #expect(throws: AuthorityError.self) { try self.authority() }
        #expect(error?.code == code)
        #expect(error?.message.contains("\(self.directory.path)/\(file)") == true, "\(String(describing: error))")
    }

    private func issue(_ authority: SigningAuthority, now: Date = Date()) throws -> IssuedCertificate {
        try authority.issue(
            for: try SPIFFEID(parsing: "spiffe://cluster.local/ns/shop/sa/echo"),
            request: try SigningRequest(pem: try TestRequest.pem()),
            lifetime: nil,
            now: now
        )
    }

    @Test func theChainIsTheWholeWayUpAndTheRootLast() async throws {
        try self.writeAll()
        let issued = try self.issue(try self.authority())
        #expect(try ChainCheck.hasShape(issued.chain, authorities: 2, roots: 1))
        #expect(try Certificate(pemEncoded: issued.chain[1]) == self.signer.certificate)
        #expect(try Certificate(pemEncoded: issued.chain[2]) == self.middle.certificate)
        #expect(try await ChainCheck.holds(issued.chain))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: self.directory.path).count == 4,
            "nothing is written"
        )
    }

    @Test func theNamesOfASecretWorkToo() async throws {
        try self.write("tls.crt", self.signer.pem + self.middle.pem)
        try self.write("tls.key", self.signer.keyPEM)
        try self.write("ca.crt", self.root.pem)
        let issued = try self.issue(try self.authority())
        #expect(try ChainCheck.hasShape(issued.chain, authorities: 2, roots: 1))
        #expect(try await ChainCheck.holds(issued.chain))
    }

    @Test func aRootThatSignsItselfStandsOnceInTheBundle() async throws {
        try self.write("ca-cert.pem", self.root.pem)
        try self.write("ca-key.pem", self.root.keyPEM)
        try self.write("cert-chain.pem", self.root.pem)
        try self.write("root-cert.pem", self.root.pem + self.root.pem)
        let issued = try self.issue(try self.authority())
        #expect(try await ChainCheck.holds(issued.chain))
        #expect(try ChainCheck.certificates(try #require(issued.chain.last)).count == 1)
    }

    @Test(
        .enabled(if: OpenSSL.isInstalled),
        arguments: [
            ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
            ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
            ["ecparam", "-name", "prime256v1", "-genkey"], ["ecparam", "-name", "secp384r1", "-genkey", "-noout"],
            ["genrsa", "2048"], ["genrsa", "-traditional", "2048"],
        ]
    )
    func takesKeysOfAllKinds(_ arguments: [String]) async throws {
        let text = try OpenSSL.run(arguments)
        let documents = try PEMDocument.parseMultiple(pemString: text)
        let document = try #require(documents.first { $0.discriminator.hasSuffix("PRIVATE KEY") })
        let key = try Certificate.PrivateKey(pemDocument: document)
        let signer = try TestAuthority("other", key: key, by: self.root)
        try self.write("ca-cert.pem", signer.pem)
        try self.write("ca-key.pem", text)
        try self.write("cert-chain.pem", signer.pem)
        try self.write("root-cert.pem", self.root.pem)
        let issued = try self.issue(try self.authority())
        #expect(try await ChainCheck.holds(issued.chain))
    }

    @Test(arguments: ["ca-cert.pem", "ca-key.pem", "cert-chain.pem", "root-cert.pem"])
    func aMissingFileStopsTheStart(_ name: String) throws {
        try self.writeAll()
        try FileManager.default.removeItem(atPath: "\(self.directory.path)/\(name)")
        try self.fault(.authorityFileMissing, naming: name)
    }

    @Test func anEmptyDirectoryStopsTheStart() throws {
        let error = #expect(throws: AuthorityError.self) { try self.authority() }
        #expect(error?.code == .authorityFileMissing)
        #expect(error?.message.contains("ca-cert.pem") == true && error?.message.contains("tls.crt") == true)
    }

    @Test(arguments: ["ca-cert.pem", "ca-key.pem", "cert-chain.pem", "root-cert.pem"])
    func aFileOfSomethingElseStopsTheStart(_ name: String) throws {
        try self.writeAll()
        for text in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            try self.write(name, text)
            try self.fault(.authorityFileInvalid, naming: name)
        }
        try self.write(name, String(repeating: "x", count: (1 << 20) + 1))
        try self.fault(.authorityFileInvalid, naming: name)
    }

    @Test func aKeyOfAnotherCertificateStopsTheStart() throws {
        try self.writeAll()
        try self.write("ca-key.pem", self.middle.keyPEM)
        try self.fault(.authorityFileInvalid, naming: "ca-key.pem")
    }

    @Test(.enabled(if: OpenSSL.isInstalled)) func anEncryptedOrForeignKeyStopsTheStart() throws {
        try self.writeAll()
        let plain = try self.signer.keyPEM
        try self.write("ca-key.pem", OpenSSL.run(["pkcs8", "-topk8", "-passout", "pass:x"], input: plain))
        try self.fault(.authorityFileInvalid, naming: "ca-key.pem")
        try self.write("ca-key.pem", OpenSSL.run(["genpkey", "-algorithm", "ED25519"]))
        try self.fault(.authorityFileInvalid, naming: "ca-key.pem")
        try self.write("ca-key.pem", plain + plain)
        try self.fault(.authorityFileInvalid, naming: "ca-key.pem")
    }

    @Test func aChainThatDoesNotReachTheRootStopsTheStart() throws {
        try self.writeAll()
        try self.write("cert-chain.pem", self.signer.pem)
        try self.fault(.authorityFileInvalid, naming: "cert-chain.pem")
        let stranger = try TestAuthority("stranger", by: self.root)
        try self.write("cert-chain.pem", self.middle.pem + stranger.pem)
        try self.fault(.authorityFileInvalid, naming: "cert-chain.pem")
        try self.writeAll()
        try self.write("root-cert.pem", try TestAuthority("root").pem)
        try self.fault(.authorityFileInvalid, naming: "cert-chain.pem")
    }

    @Test func aRootThatIsNoRootStopsTheStart() throws {
        try self.writeAll()
        try self.write("root-cert.pem", self.root.pem + self.middle.pem)
        try self.fault(.authorityFileInvalid, naming: "root-cert.pem")
    }

    @Test func whatMayNotSignStopsTheStart() throws {
        try self.writeAll()
        for bend in [{ $0.isAuthority = false }, { $0.maySign = false }] as [(inout TestAuthority.Bend) -> Void] {
            let signer = try TestAuthority("signer", key: self.signer.key, by: self.middle, bend: bend)
            try self.write("ca-cert.pem", signer.pem)
            try self.fault(.authorityFileInvalid, naming: "ca-cert.pem")
        }
        try self.writeAll()
        let short = try TestAuthority("middle", key: self.middle.key, by: self.root) { $0.pathLength = 0 }
        try self.write("cert-chain.pem", short.pem)
        try self.fault(.authorityFileInvalid, naming: "cert-chain.pem")
        let flat = try TestAuthority("root", key: self.root.key) { $0.pathLength = 1 }
        try self.writeAll()
        try self.write("cert-chain.pem", self.middle.pem)
        try self.write("root-cert.pem", flat.pem)
        try self.fault(.authorityFileInvalid, naming: "root-cert.pem")
    }

    @Test func anExpiredAuthorityStopsTheStart() throws {
        try self.writeAll()
        let old = try TestAuthority("signer", key: self.signer.key, by: self.middle) {
            $0.from -= 86_400
            $0.until = Date(timeIntervalSinceNow: -60)
        }
        try self.write("cert-chain.pem", self.middle.pem)
        try self.write("ca-cert.pem", old.pem)
        try self.fault(.authorityExpired, naming: "ca-cert.pem")
        try self.writeAll()
        let error = #expect(throws: AuthorityError.self) { try self.authority(now: Date(timeIntervalSinceNow: 1e8)) }
        #expect(error?.code == .authorityExpired)
    }

    @Test func noLeafOutlivesAnyAuthorityAboveIt() throws {
        try self.writeAll()
        let end = Date(timeIntervalSinceNow: 600)
        let middle = try TestAuthority("middle", key: self.middle.key, by: self.root) { $0.until = end }
        try self.write("cert-chain.pem", middle.pem)
        let authority = try self.authority()
        #expect(abs(try self.issue(authority).notAfter.timeIntervalSince(end)) <= 1)
        let error = #expect(throws: AuthorityError.self) { try self.issue(authority, now: end.addingTimeInterval(1)) }
        #expect(error?.code == .authorityExpired)
    }

    @Test func itsRootsAreRotatedWhereTheyAreMade() throws {
        try self.writeAll()
        let authority = try self.authority()
        #expect(authority.rotation == nil)
        let error = #expect(throws: AuthorityError.self) { try authority.rotate(.begin, now: Date()) }
        #expect(error?.code == .rotationUnsupported)
    }

    @Test func namesInTheFilesAreShownAsOnePlainLine() throws {
        try self.writeAll()
        let stranger = try TestAuthority(
            "x\r\nlevel=error \u{1b}[2J" + String(repeating: "y", count: 500),
            by: self.root
        )
        try self.write("cert-chain.pem", self.middle.pem + stranger.pem)
        let error = #expect(throws: AuthorityError.self) { try self.authority() }
        #expect(error?.message.utf8.allSatisfy { (0x20...0x7e).contains($0) } == true)
        #expect((error?.message.utf8.count ?? 0) < 500)
    }
}
