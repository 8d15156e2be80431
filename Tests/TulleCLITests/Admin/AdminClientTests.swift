import AWSClient
import AWSTestSupport
import ArgumentParser
import Testing

@testable import TulleCLI

@Suite("The client of the admin API")
struct AdminClientTests {
    @Test("sends method, path, encoded query and typed body, and reads JSON")
    func exchange() async throws {
        try await FakeControlPlane.run(["POST /v1/resources": ["results": []]]) { admin, fake in
            let answer = try await admin.call(
                "POST",
                "/v1/resources",
                query: [("dryRun", "true"), ("left", nil), ("name", "a b/ä")],
                body: .yaml("kind: X\n")
            )
            #expect(answer == ["results": []])
            let request = try #require(fake.seen.first)
            #expect(request.query == "dryRun=true&name=a%20b%2F%C3%A4")
            #expect(request.contentType == "application/yaml")
            #expect(request.body == "kind: X\n")
        }
    }

    @Test("tells the control plane's own error, on one line, with status 1")
    func refusal() async throws {
        let answer = LoopbackServer.Answer(
            status: 409,
            text: #"{"error":{"code":"rotation_pending","message":"3 proxies\nlack it\u001b[2J"}}"#
        )
        try await FakeControlPlane.run(answering: { _, _ in answer }) { admin, _ in
            let failure = await #expect(throws: CommandFailure.self) { try await admin.call("GET", "/v1/rotation") }
            #expect(failure?.message == "the control plane refused: rotation_pending: 3 proxies lack it [2J")
            #expect(failure?.status == .failure)
        }
    }

    @Test(
        "says what to do after a refusal, and 69 while the control plane is not ready",
        arguments: [
            ("forbidden", "--cert", TulleCLI.ExitStatus.failure), ("not_found", "-A", .failure),
            ("foreign_host", "--control-plane", .failure), ("not_provided", "settings", .failure),
            ("unauthenticated", "--key", .failure), ("too_large", "several", .failure), ("conflict", "again", .failure),
            ("method_not_allowed", "version", .failure), ("failed", "log", .failure),
            ("unavailable", "tulle status", .unavailable),
        ]
    )
    func hints(_ code: String, _ hint: String, _ status: TulleCLI.ExitStatus) async throws {
        let text = #"{"error":{"code":"\#(code)","message":"no"}}"#
        try await FakeControlPlane.run(answering: { _, _ in .init(status: 400, text: text) }) { admin, _ in
            let failure = await #expect(throws: CommandFailure.self) { try await admin.call("GET", "/v1/x") }
            #expect(failure?.hint?.contains(hint) == true)
            #expect(failure?.status == status)
            #expect(failure?.code == code)
        }
    }

    @Test("names the address when the answer is none of ours", arguments: ["<html>", "[1", "{\"a\":1,\"a\":2}"])
    func unreadable(_ text: String) async throws {
        for status in [200, 502] {
            try await FakeControlPlane.run(answering: { _, _ in .init(status: status, text: text) }) { admin, _ in
                let failure = await #expect(throws: CommandFailure.self) { try await admin.call("GET", "/v1/x") }
                #expect(failure?.message.contains("\(admin.address)/v1/x") == true)
                #expect(failure?.hint?.contains("--control-plane") == true)
            }
        }
    }

    @Test("an answer over the limit is cut off")
    func tooLong() async throws {
        try await FakeControlPlane.run(answering: { _, _ in .init(text: "0123456789") }) { admin, _ in
            let failure = await #expect(throws: CommandFailure.self) {
                try await admin.bytes("GET", "/x", bodyLimit: 9)
            }
            #expect(failure?.message.contains("longer than 9 bytes") == true)
            let whole = try await admin.bytes("GET", "/x", bodyLimit: 10)
            #expect(whole.count == 10)
        }
    }

    @Test("nobody there is status 69")
    func unreachable() async throws {
        let server = try await LoopbackServer { _ in .init() }
        let address = server.url
        await server.close()
        let transport = NetworkTransport()
        let failure = await #expect(throws: CommandFailure.self) {
            try await AdminClient(address + "/", over: transport).call("GET", "/v1/version")
        }
        #expect(failure?.status == .unavailable)
        #expect(
            failure?.message
                == "no answer from \(address)/v1/version: nothing listens there (connection refused)"
        )
        await transport.shutdown()
    }

    @Test("a name that leads nowhere, and a port that speaks something else, are told in words")
    func words() async throws {
        let transport = NetworkTransport()
        let unknown = await #expect(throws: CommandFailure.self) {
            try await AdminClient("http://nobody.invalid:15014", over: transport).call("GET", "/v1/version")
        }
        #expect(unknown?.message.hasSuffix("the host name cannot be resolved") == true)
        #expect(unknown?.hint?.contains("https://") == true)
        let server = try await LoopbackServer { _ in .init() }
        let secure = server.url.replacing("http://", with: "https://")
        let plain = await #expect(throws: CommandFailure.self) {
            try await AdminClient(secure, over: transport).call("GET", "/v1/version")
        }
        #expect(plain?.message.hasSuffix("it does not speak TLS") == true)
        await server.close()
        await transport.shutdown()
    }

    @Test(
        "the network library's reasons in words",
        arguments: [
            ("read(descriptor:pointer:size:): Connection reset by peer) (errno: 104)", "it closed the connection"),
            ("HTTPClientError.remoteConnectionClosed", "it closed the connection"),
            (
                "handshakeFailed(sslError([error:1000007d:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED]))",
                "its certificate is not vouched for by the roots that we trust"
            ),
            ("connect: No route to host (errno: 113)", "there is no route to that address"),
            ("something\u{1b}[2J new", "something [2J new"),
        ]
    )
    func reasons(_ reason: String, _ words: String) { #expect(TransportWords.plain(reason) == words) }

    @Test(
        "plain HTTP is for loopback only",
        arguments: [
            ("http://127.0.0.1:15014", false), ("http://localhost:1", false), ("http://[::1]:1", false),
            ("https://10.0.0.1:1", false), ("http://10.0.0.1:15014", true), ("http://cp.example", true),
            ("http://[2001:db8::1]:1", true),
        ]
    )
    func plainAndRemote(_ address: String, _ expected: Bool) {
        #expect(ControlPlaneOptions.isPlainAndRemote(address) == expected)
    }

    @Test("a certificate is not taken where it is not shown")
    func certificateOverHTTP() {
        let arguments = ["--control-plane", "http://127.0.0.1:1", "--cert", "c", "--key", "k"]
        #expect(throws: (any Error).self) { try ControlPlaneOptions.parse(arguments) }
    }

    @Test("the address comes from the flag, then the environment, then is the usual one")
    func address() throws {
        let none = try ControlPlaneOptions.parse([])
        #expect(try none.address(in: [:]) == "http://127.0.0.1:15014")
        #expect(try none.address(in: ["TULLE_ADMIN_URL": "https://cp:15014"]) == "https://cp:15014")
        let flag = try ControlPlaneOptions.parse(["--control-plane", "http://a:1"])
        #expect(try flag.address(in: ["TULLE_ADMIN_URL": "https://cp:15014"]) == "http://a:1")
        let failure = #expect(throws: CommandFailure.self) { try none.address(in: ["TULLE_ADMIN_URL": "cp:1"]) }
        #expect(failure?.status == .usage)
    }

    @Test("a certificate that cannot be read names its file")
    func certificate() throws {
        let options = try ControlPlaneOptions.parse(["--cert", "/nonexistent/c.pem", "--key", "/nonexistent/k.pem"])
        let failure = #expect(throws: CommandFailure.self) { try options.transport() }
        #expect(failure?.message.contains("/nonexistent/c.pem") == true)
        #expect(failure?.status == .noInput)
        let roots = try ControlPlaneOptions.parse(["--ca-cert", "/nonexistent/ca.pem"])
        #expect(throws: CommandFailure.self) { try roots.transport() }
    }
}
