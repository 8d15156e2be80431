import CertificateAuthority
import Crypto
import Foundation
import SwiftASN1
import Testing
import X509

@Suite struct SigningRequestTests {
    @Test func readsTheKeyAndTheNames() throws {
        let key = P256.Signing.PrivateKey()
        let request = try SigningRequest(pem: try TestRequest.pem(key: key, uris: ["spiffe://a/ns/b/sa/c"]))
        #expect(request.uris == ["spiffe://a/ns/b/sa/c"])
        let digest = SHA256.hash(data: key.publicKey.derRepresentation).map { String(format: "%02x", $0) }.joined()
        #expect(request.keyDigest == digest)
    }

    @Test func acceptsP384() throws {
        let key = Certificate.PrivateKey(P384.Signing.PrivateKey())
        _ = try SigningRequest(pem: try TestRequest.pem(key: key, algorithm: .ecdsaWithSHA384))
    }

    @Test func refusesOtherKeys() throws {
        let curve = Certificate.PrivateKey(Curve25519.Signing.PrivateKey())
        let large = Certificate.PrivateKey(P521.Signing.PrivateKey())
        for (key, algorithm) in [(curve, .ed25519), (large, .ecdsaWithSHA512)]
            as [(Certificate.PrivateKey, Certificate.SignatureAlgorithm)]
        {
            let pem = try TestRequest.pem(key: key, algorithm: algorithm)
            let error = #expect(throws: IssuanceRefusal.self) { try SigningRequest(pem: pem) }
            #expect(error?.code == .csrMalformed)
        }
    }

    @Test(
        .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")),
        arguments: [(2048, true), (3072, true), (1024, false)]
    )
    func acceptsStrongRSAKeysOnly(_ bits: Int, _ isAccepted: Bool) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = [
            "req", "-new", "-newkey", "rsa:\(bits)", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=x",
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let pem = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(pem.contains("CERTIFICATE REQUEST"))
        if isAccepted {
            _ = try SigningRequest(pem: pem)
        } else {
            #expect(throws: IssuanceRefusal.self) { try SigningRequest(pem: pem) }
        }
    }

    @Test func refusesARequestThatItsKeyDidNotSign() throws {
        let pem = try TestRequest.pem()
        var bytes = try PEMDocument(pemString: pem).derBytes
        // The last byte belongs to the signature's second integer.
        bytes[bytes.count - 1] ^= 1
        let forged = PEMDocument(type: "CERTIFICATE REQUEST", derBytes: bytes).pemString
        let error = #expect(throws: IssuanceRefusal.self) { try SigningRequest(pem: forged) }
        #expect(error?.code == .csrMalformed)
    }

    @Test(arguments: [
        "", "hello", "-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n",
        "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
        "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n", String(repeating: "A", count: 20_000),
    ])
    func refusesWhatIsNoRequest(_ text: String) {
        let error = #expect(throws: IssuanceRefusal.self) { try SigningRequest(pem: text) }
        #expect(error?.code == .csrMalformed)
    }

    @Test func survivesBytesTurnedAtRandom() throws {
        let original = try PEMDocument(pemString: try TestRequest.pem(uris: ["spiffe://a/ns/b/sa/c"])).derBytes
        for index in original.indices {
            var bytes = original
            bytes[index] = ~bytes[index]
            let pem = PEMDocument(type: "CERTIFICATE REQUEST", derBytes: bytes).pemString
            #expect(throws: IssuanceRefusal.self) { try SigningRequest(pem: pem) }
        }
    }
}
