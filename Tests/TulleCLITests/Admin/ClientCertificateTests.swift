import AWSClient
import ArgumentParser
import Foundation
import Testing

@testable import TulleCLI

@Suite("A control plane that wants certificates", .enabled(if: OpenSSLServer.isInstalled))
struct ClientCertificateTests {
    @Test("is reached with a certificate of its authority, and tells who comes without")
    func handshake() async throws {
        let server = try await OpenSSLServer()
        defer { server.stop() }
        func options(_ more: [String]) throws -> ControlPlaneOptions {
            try ControlPlaneOptions.parse(["--control-plane", server.url, "--ca-cert", server.path("ca.pem")] + more)
        }
        let certificate = ["--cert", server.path("client.pem"), "--key", server.path("client.key")]

        let known = try options(certificate).transport()
        // The server answers any request with a page about the connection.
        let page = try await AdminClient(server.url, over: known).bytes("GET", "/v1/version")
        #expect(String(decoding: page, as: UTF8.self).contains("s_server"))
        await known.shutdown()

        let stranger = try options([]).transport()
        let failure = await #expect(throws: CommandFailure.self) {
            try await AdminClient(server.url, over: stranger).call("GET", "/v1/version")
        }
        #expect(failure?.message == "\(server.url) wants a client certificate")
        #expect(failure?.hint?.contains("--cert and --key") == true)
        await stranger.shutdown()

        let untrusting = try ControlPlaneOptions.parse(certificate + ["--ca-cert", server.path("client.pem")])
            .transport()
        await #expect(throws: CommandFailure.self) {
            try await AdminClient(server.url, over: untrusting).call("GET", "/v1/version")
        }
        await untrusting.shutdown()
    }
}

/// OpenSSL's own TLS server on a loopback port, with an authority made for it.
private final class OpenSSLServer: Sendable {
    static let tool = "/usr/bin/openssl"
    static let isInstalled = FileManager.default.isExecutableFile(atPath: tool)

    private let folder: URL
    private let process: Process
    let url: String

    init() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tulle-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        func request(_ name: String, _ more: [String]) throws {
            try Self.run(
                ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
                    + ["-subj", "/CN=\(name)", "-keyout", "\(name).key", "-out", "\(name).pem"] + more,
                in: folder
            )
        }
        try request("ca", [])
        for name in ["server", "client"] {
            try request(
                name,
                ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "subjectAltName=IP:127.0.0.1"]
                    + ["-addext", "basicConstraints=critical,CA:FALSE"]
            )
        }
        let log = folder.appending(path: "log")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        let process = Process()
        process.executableURL = URL(filePath: Self.tool)
        process.arguments = [
            "s_server", "-accept", "127.0.0.1:0", "-cert", "server.pem", "-key", "server.key", "-CAfile", "ca.pem",
            "-Verify", "1", "-verify_return_error", "-www",
        ]
        process.currentDirectoryURL = folder
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        self.folder = folder
        self.process = process
        var said = ""
        // It tells its port once it listens; the end of its output ends the wait too.
        while !said.contains("ACCEPT 127.0.0.1:") || !said.hasSuffix("\n") {
            let part = output.fileHandleForReading.availableData
            guard !part.isEmpty else { throw CommandFailure("openssl s_server said only \"\(said)\"") }
            said += String(decoding: part, as: UTF8.self)
        }
        let port = said.components(separatedBy: "ACCEPT 127.0.0.1:").last?.prefix { $0.isNumber } ?? ""
        self.url = "https://127.0.0.1:\(port)"
    }

    func path(_ name: String) -> String { self.folder.appending(path: name).path }

    func stop() {
        // KILL, because a child of a pool thread starts with the other signals blocked.
        kill(self.process.processIdentifier, SIGKILL)
        self.process.waitUntilExit()
        try? FileManager.default.removeItem(at: self.folder)
    }

    private static func run(_ arguments: [String], in folder: URL) throws {
        let process = Process()
        process.executableURL = URL(filePath: Self.tool)
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CommandFailure("openssl \(arguments[0]) failed") }
    }
}
