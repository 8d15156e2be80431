import CertificateAuthority
import Foundation
import MeshModel
import Testing

/// A self-signed authority at a time of the test's own, to rotate its root.
struct TestRotation {
    let directory: TemporaryDirectory
    let start = Date(timeIntervalSince1970: 1_800_000_000)
    let day = 86_400.0

    init() throws {
        self.directory = try TemporaryDirectory()
    }

    func authority(_ directory: TemporaryDirectory? = nil, now: Date) throws -> SigningAuthority {
        try SigningAuthority(
            state: try StateDirectory(path: (directory ?? self.directory).path),
            trustDomain: "cluster.local",
            lifetimes: AuthorityLifetimes(),
            now: now
        )
    }

    func issue(_ authority: SigningAuthority, now: Date, seconds: Int = 0) throws -> IssuedCertificate {
        try authority.issue(
            for: try SPIFFEID(parsing: "spiffe://cluster.local/ns/shop/sa/echo"),
            request: try SigningRequest(pem: try TestRequest.pem()),
            lifetime: .seconds(seconds),
            now: now
        )
    }

    /// The lock of a state directory lives as long as its owner, so a restart inside one process works on a copy.
    func copy() throws -> TemporaryDirectory {
        let copy = try TemporaryDirectory()
        for file in try FileManager.default.contentsOfDirectory(atPath: self.directory.path) where file != "lock" {
            try FileManager.default.copyItem(
                atPath: "\(self.directory.path)/\(file)",
                toPath: "\(copy.path)/\(file)"
            )
        }
        return copy
    }

    /// Expects that a step is refused.
    func refused(_ authority: SigningAuthority, _ step: RotationStatus.Step, at now: Date) {
        let error = #expect(throws: AuthorityError.self) { try authority.rotate(step, now: now) }
        #expect(error?.code == .rotationRefused)
    }
}
