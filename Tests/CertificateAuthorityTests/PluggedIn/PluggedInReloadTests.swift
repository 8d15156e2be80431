import CertificateAuthority
import Foundation
import MeshModel
import SwiftASN1
import Testing
import X509

@Suite struct PluggedInReloadTests {
    private let directory: TemporaryDirectory
    private let root: TestAuthority
    private let authority: SigningAuthority

    init() throws {
        self.directory = try TemporaryDirectory()
        self.root = try TestAuthority("root")
        try Self.write(try TestAuthority("first", by: self.root), roots: [self.root], to: self.directory)
        self.authority = try SigningAuthority(
            pluggedIn: self.directory.path,
            trustDomain: "cluster.local",
            lifetimes: AuthorityLifetimes(),
            now: Date()
        )
    }

    private static func write(_ signer: TestAuthority, roots: [TestAuthority], to directory: TemporaryDirectory) throws
    {
        let texts = [
            "ca-cert.pem": try signer.pem, "ca-key.pem": try signer.keyPEM, "cert-chain.pem": try signer.pem,
            "root-cert.pem": try roots.map { try $0.pem }.joined(),
        ]
        for (name, text) in texts {
            try Data(text.utf8).write(to: URL(filePath: "\(directory.path)/\(name)"), options: .atomic)
        }
    }

    private func signerName() throws -> String {
        let issued = try self.authority.issue(
            for: try SPIFFEID(parsing: "spiffe://cluster.local/ns/shop/sa/echo"),
            request: try SigningRequest(pem: try TestRequest.pem()),
            lifetime: nil,
            now: Date()
        )
        return try Certificate(pemEncoded: issued.chain[1]).subject.description
    }

    @Test func newFilesAreTakenOnOnce() throws {
        #expect(try !self.authority.renewIntermediate(now: Date()))
        try Self.write(try TestAuthority("second", by: self.root), roots: [self.root], to: self.directory)
        #expect(try self.authority.renewIntermediate(now: Date()))
        #expect(try self.signerName() == "CN=second")
        #expect(try !self.authority.renewIntermediate(now: Date()))
    }

    @Test func filesThatAreHalfWrittenLeaveTheLastGoodStateAndAreReportedOnce() throws {
        let second = try TestAuthority("second", by: self.root)
        try Data(second.pem.utf8).write(to: URL(filePath: "\(self.directory.path)/ca-cert.pem"), options: .atomic)
        let error = #expect(throws: AuthorityError.self) { try self.authority.renewIntermediate(now: Date()) }
        #expect(error?.code == .authorityFileInvalid)
        #expect(try !self.authority.renewIntermediate(now: Date()), "what is known is not reported again")
        #expect(self.authority.fault?.code == .authorityFileInvalid)
        #expect(try self.signerName() == "CN=first")
        try Self.write(second, roots: [self.root], to: self.directory)
        #expect(try self.authority.renewIntermediate(now: Date()))
        #expect(self.authority.fault == nil)
        #expect(try self.signerName() == "CN=second")
    }

    @Test func aFileThatIsGoneLeavesTheLastGoodState() throws {
        try FileManager.default.removeItem(atPath: "\(self.directory.path)/ca-key.pem")
        let error = #expect(throws: AuthorityError.self) { try self.authority.renewIntermediate(now: Date()) }
        #expect(error?.code == .authorityFileMissing)
        #expect(try self.signerName() == "CN=first")
    }

    @Test func anotherRootIsRefused() throws {
        let other = try TestAuthority("other root")
        let bundle = self.authority.trustBundle
        try Self.write(try TestAuthority("second", by: other), roots: [other], to: self.directory)
        let error = #expect(throws: AuthorityError.self) { try self.authority.renewIntermediate(now: Date()) }
        #expect(error?.code == .rootChangeRefused)
        #expect(self.authority.trustBundle == bundle)
        #expect(try self.signerName() == "CN=first")
    }

    @Test func rootsChangeByWayOfABundleThatHoldsBoth() async throws {
        let other = try TestAuthority("other root")
        let first = try TestAuthority("first", by: self.root)
        let second = try TestAuthority("second", by: other)
        try Self.write(first, roots: [self.root, other], to: self.directory)
        #expect(try self.authority.renewIntermediate(now: Date()))
        #expect(try ChainCheck.certificates(self.authority.trustBundle).count == 2)
        try Self.write(second, roots: [self.root, other], to: self.directory)
        #expect(try self.authority.renewIntermediate(now: Date()))
        #expect(try self.signerName() == "CN=second")
        try Self.write(second, roots: [other], to: self.directory)
        #expect(try self.authority.renewIntermediate(now: Date()))
        #expect(try ChainCheck.certificates(self.authority.trustBundle) == [other.certificate])
    }

    /// A mounted secret is a link to a directory, which is pointed elsewhere as a whole.
    @Test func aLinkThatIsPointedElsewhereIsAChange() throws {
        let parent = try TemporaryDirectory()
        let link = "\(parent.path)/..data"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: self.directory.path)
        for name in ["ca-cert.pem", "ca-key.pem", "cert-chain.pem", "root-cert.pem"] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(parent.path)/\(name)",
                withDestinationPath: "..data/\(name)"
            )
        }
        let authority = try SigningAuthority(
            pluggedIn: parent.path,
            trustDomain: "cluster.local",
            lifetimes: AuthorityLifetimes(),
            now: Date()
        )
        let other = try TemporaryDirectory()
        try Self.write(try TestAuthority("second", by: self.root), roots: [self.root], to: other)
        try FileManager.default.removeItem(atPath: link)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: other.path)
        #expect(try authority.renewIntermediate(now: Date()))
    }
}
