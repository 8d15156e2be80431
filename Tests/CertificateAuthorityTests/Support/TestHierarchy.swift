import Crypto
import Foundation
import MeshModel
import SwiftASN1
import Testing
@_spi(FixedExpiryValidationTime) import X509

/// A certificate with its key, made as a test wants it.
struct TestAuthority {
    let certificate: Certificate
    let key: Certificate.PrivateKey

    /// How an authority departs from a good one.
    struct Bend {
        var pathLength: Int?
        var isAuthority = true
        var maySign = true
        var from = Date(timeIntervalSinceNow: -3600)
        var until = Date(timeIntervalSinceNow: 30 * 86_400)
    }

    init(
        _ name: String,
        key: Certificate.PrivateKey = Certificate.PrivateKey(P256.Signing.PrivateKey()),
        by issuer: TestAuthority? = nil,
        bend: (inout Bend) -> Void = { _ in }
    ) throws {
        var bent = Bend()
        bend(&bent)
        let subject = try DistinguishedName { CommonName(name) }
        let issuerKey = issuer?.key ?? key
        self.key = key
        self.certificate = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: key.publicKey,
            notValidBefore: bent.from,
            notValidAfter: bent.until,
            issuer: issuer?.certificate.subject ?? subject,
            subject: subject,
            extensions: Certificate.Extensions {
                Critical(
                    bent.isAuthority
                        ? BasicConstraints.isCertificateAuthority(maxPathLength: bent.pathLength)
                        : .notCertificateAuthority
                )
                Critical(KeyUsage(digitalSignature: true, keyCertSign: bent.maySign, cRLSign: bent.maySign))
                SubjectKeyIdentifier(hash: key.publicKey)
            },
            issuerPrivateKey: issuerKey
        )
    }

    var pem: String { get throws { try self.certificate.serializeAsPEM().pemString + "\n" } }

    var keyPEM: String { get throws { try self.key.serializeAsPEM().pemString + "\n" } }
}

/// What a peer of the mesh makes of a chain.
enum ChainCheck {
    /// Whether the answer of `CreateCertificate` holds for a peer that trusts these roots, the answer's own unless told
    /// otherwise.
    static func holds(
        _ chain: [String],
        trusting bundle: String? = nil,
        uri: String? = "spiffe://cluster.local/ns/shop/sa/echo",
        at date: Date = Date()
    ) async throws -> Bool {
        let roots = try self.certificates(try #require(bundle ?? chain.last))
        var verifier = Verifier(rootCertificates: CertificateStore(roots)) {
            RFC5280Policy(fixedExpiryValidationTime: date)
            PeerPolicy(uri: uri)
        }
        let intermediates = try chain.dropFirst().dropLast().map { try Certificate(pemEncoded: $0) }
        let result = await verifier.validate(
            leaf: try Certificate(pemEncoded: try #require(chain.first)),
            intermediates: CertificateStore(intermediates)
        )
        guard case .validCertificate = result else { return false }
        return true
    }

    static func certificates(_ pem: String) throws -> [Certificate] {
        try PEMDocument.parseMultiple(pemString: pem).map { try Certificate(derEncoded: $0.derBytes) }
    }

    /// Whether the chain has the shape that clients depend on: one certificate an element, newline at each end, roots
    /// together in the last.
    static func hasShape(_ chain: [String], authorities: Int, roots: Int) throws -> Bool {
        guard chain.count == authorities + 2, chain.allSatisfy({ $0.hasSuffix("-----END CERTIFICATE-----\n") }) else {
            return false
        }
        return try chain.dropLast().allSatisfy { try self.certificates($0).count == 1 }
            && self.certificates(try #require(chain.last)).count == roots
    }
}

/// Demands what a mesh peer demands: one URI name, a key that may sign, and authorities that may sign certificates.
private struct PeerPolicy: VerifierPolicy {
    let uri: String?
    let verifyingCriticalExtensions: [ASN1ObjectIdentifier] = [
        .X509ExtensionID.subjectAlternativeName, .X509ExtensionID.keyUsage,
    ]

    func chainMeetsPolicyRequirements(chain: UnverifiedCertificateChain) async -> PolicyEvaluationResult {
        guard let names = try? chain.leaf.extensions.subjectAlternativeNames,
            self.uri == nil || Array(names) == self.uri.map({ [.uniformResourceIdentifier($0)] }),
            (try? chain.leaf.extensions.keyUsage)?.digitalSignature == true,
            chain.dropFirst().allSatisfy({ (try? $0.extensions.keyUsage)?.keyCertSign == true })
        else { return .failsToMeetPolicy(reason: "wrong name or use") }
        return .meetsPolicy
    }
}

/// OpenSSL's command line, for what only it writes.
enum OpenSSL {
    static let isInstalled = FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")

    /// Whether it accepts a chain for both sides of a connection.
    static func accepts(_ chain: [String], trusting bundle: String, at date: Date) throws -> Bool {
        let directory = try TemporaryDirectory()
        let texts = [
            "leaf": try #require(chain.first), "way": chain.dropFirst().dropLast().joined(), "roots": bundle,
        ]
        for (name, text) in texts { try Data(text.utf8).write(to: URL(filePath: "\(directory.path)/\(name)")) }
        return try ["sslclient", "sslserver"].allSatisfy { purpose in
            let (status, _) = try self.outcome([
                "verify", "-x509_strict", "-purpose", purpose, "-attime", "\(Int(date.timeIntervalSince1970))",
                "-CAfile", "\(directory.path)/roots", "-untrusted", "\(directory.path)/way",
                "\(directory.path)/leaf",
            ])
            return status == 0
        }
    }

    /// Runs it, which must succeed, and gives its standard output.
    static func run(_ arguments: [String], input: String = "") throws -> String {
        let (status, text) = try self.outcome(arguments, input: input)
        try #require(status == 0)
        return text
    }

    private static func outcome(_ arguments: [String], input: String = "") throws -> (Int32, String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        let output = Pipe()
        let source = Pipe()
        process.standardInput = source
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        try source.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try source.fileHandleForWriting.close()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }
}
