import BoringTLS
import Foundation
import Testing

/// The server side against OpenSSL's client: another implementation, and the ways to be wrong that ours can't play.
struct OpenSSLInteropTests {
    private let authority: TestAuthority
    private let folder: URL

    init() throws {
        authority = try TestAuthority()
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func connect(
        _ arguments: [String],
        input: String = "question\n",
        policy: TLSPolicy = TLSPolicy()
    ) throws -> (
        client: String, server: (failure: TLSError?, identity: String?, received: [UInt8])
    ) {
        defer { try? FileManager.default.removeItem(at: folder) }
        let identity = try authority.identity([TestAuthority.clientURI])
        let certificate = folder.appendingPathComponent("client.pem")
        let key = folder.appendingPathComponent("client.key")
        let root = folder.appendingPathComponent("root.pem")
        try identity.chain.map(\.pem).joined().write(to: certificate, atomically: true, encoding: .utf8)
        try identity.key.pkcs8PEM().write(to: key, atomically: true, encoding: .utf8)
        try authority.root.pem.write(to: root, atomically: true, encoding: .utf8)
        let context = try TLSContext(
            identity: try authority.identity([TestAuthority.serverURI]),
            trust: try authority.trust,
            policy: policy
        )
        let server = try BlockingServer(context)
        let outcome = try OpenSSLCommand.run(
            ["s_client", "-connect", "127.0.0.1:\(server.port)", "-CAfile", root.path, "-quiet", "-ign_eof"]
                + arguments.flatMap { $0 == "(certificate)" ? ["-cert", certificate.path, "-key", key.path] : [$0] },
            input: input
        )
        return (outcome.output, server.finish())
    }

    @Test func exchangesDataAndIssuesNoTicket() throws {
        let outcome = try connect(["(certificate)", "-alpn", "h2", "-msg"])
        #expect(outcome.server.failure == nil)
        #expect(outcome.server.identity == TestAuthority.clientURI)
        #expect(outcome.server.received == Array("question\n".utf8))
        #expect(outcome.client.contains("answer"))
        #expect(outcome.client.contains("Finished"))
        #expect(!outcome.client.contains("NewSessionTicket"))
    }

    @Test func olderVersionsAreRefused() throws {
        let outcome = try connect(["(certificate)", "-alpn", "h2", "-tls1_2"])
        #expect(outcome.server.failure?.code == .handshakeFailed)
        #expect(outcome.server.failure?.message.contains("TLS 1.3") == true)
        #expect(outcome.client.contains("protocol version"))
    }

    @Test(arguments: [["-alpn", "http/1.1"], []])
    func withoutH2ThereIsNoSession(_ arguments: [String]) throws {
        let outcome = try connect(["(certificate)"] + arguments)
        #expect(outcome.server.failure?.code == .alpnMismatch)
        #expect(outcome.server.received.isEmpty)
        #expect(outcome.client.contains("no application protocol"))
    }

    @Test func chaChaIsNotAccepted() throws {
        let outcome = try connect(["(certificate)", "-alpn", "h2", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"])
        #expect(outcome.server.failure?.code == .handshakeFailed)
    }

    @Test(arguments: ["TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"])
    func bothGCMSuitesWork(_ suite: String) throws {
        let outcome = try connect(["(certificate)", "-alpn", "h2", "-ciphersuites", suite])
        #expect(outcome.server.failure == nil)
        #expect(outcome.client.contains("answer"))
    }

    @Test(arguments: ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256"])
    func allowedTLS12WorksWithItsSuites(_ suite: String) throws {
        let policy = TLSPolicy(allowsTLS12: true)
        let arguments = ["(certificate)", "-alpn", "h2", "-tls1_2", "-cipher", suite, "-msg"]
        let outcome = try connect(arguments, policy: policy)
        #expect(outcome.client.contains("ServerHello"))
        #expect(!outcome.client.contains("NewSessionTicket"))
        #expect(outcome.server.failure == nil)
        #expect(outcome.server.identity == TestAuthority.clientURI)
        #expect(outcome.client.contains("answer"))
    }

    @Test(arguments: ["ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES128-SHA", "AES128-GCM-SHA256"])
    func allowedTLS12TakesNoOtherSuites(_ suite: String) throws {
        let policy = TLSPolicy(allowsTLS12: true)
        let outcome = try connect(["(certificate)", "-alpn", "h2", "-tls1_2", "-cipher", suite], policy: policy)
        #expect(outcome.server.failure?.code == .handshakeFailed)
        #expect(outcome.server.received.isEmpty)
    }

    @Test func thePostQuantumPolicyTakesNoOtherGroup() throws {
        let policy = TLSPolicy(isPostQuantumOnly: true)
        let outcome = try connect(["(certificate)", "-alpn", "h2", "-groups", "X25519:P-256"], policy: policy)
        #expect(outcome.server.failure?.code == .handshakeFailed)
        #expect(outcome.server.received.isEmpty)
    }

    @Test func noCertificateMeansNoSession() throws {
        let outcome = try connect(["-alpn", "h2"])
        #expect(outcome.server.failure?.code == .peerCertificateMissing)
        #expect(outcome.client.contains("certificate required"))
    }
}
