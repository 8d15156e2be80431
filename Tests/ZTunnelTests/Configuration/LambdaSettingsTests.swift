import DataPlane
import MeshModel
import Testing
import TunnelEngine

@testable import ZTunnel

@Suite("Beside a Lambda function")
struct LambdaSettingsTests {
    private static let environment = [
        "BOOTSTRAP_TOKEN": "t", "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001", "AWS_LAMBDA_FUNCTION_NAME": "checkout",
    ]

    @Test("the platform's variable makes it an extension: one loop, no names, a quick end")
    func extensionMode() throws {
        let configuration = try Configuration(environment: Self.environment)
        let endpoint = try #require(configuration.lambda)
        #expect(endpoint.host == "127.0.0.1:9001" && endpoint.address.port == 9001)
        #expect(configuration.workloadName == "checkout")
        #expect(configuration.workers.count(processors: 6) == 1)
        #expect(!configuration.isDNSEnabled && configuration.isProxyPortEnabled)
        #expect(configuration.drainDeadline == 800)
        #expect(configuration.limits.pool.doubtMilliseconds == 1_000)
        #expect(try Configuration(environment: ["BOOTSTRAP_TOKEN": "t"]).lambda == nil)
    }

    @Test(
        "what can't be is refused by name",
        arguments: [
            ("AWS_LAMBDA_RUNTIME_API", "localhost:9001"), ("AWS_LAMBDA_RUNTIME_API", "http://127.0.0.1"),
            ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:0"), ("PROXY_MODE", "daemon"),
        ]
    )
    func refused(_ name: String, _ value: String) {
        let variables = Self.environment.merging([name: value]) { $1 }
        let error = #expect(throws: ConfigurationErrors.self) { try Configuration(environment: variables) }
        #expect(error?.all.contains { $0.variable == name } == true)
    }

    private static let keys = [
        "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "hidden/secret", "AWS_SESSION_TOKEN": "token==",
        "AWS_REGION": "eu-west-1",
    ]

    @Test("the function's session proves who it is, and is never shown")
    func role() throws {
        let role = try #require(try FunctionRole(audience: "a/tulled") { Self.keys[$0] })
        #expect(role.region.name == "eu-west-1")
        #expect(!"\(role)".contains("hidden") && !String(reflecting: role).contains("hidden"))
        var dumped = ""
        dump(role, to: &dumped)
        #expect(!dumped.contains("hidden") && !dumped.contains("token=="))
        for missing in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
            #expect(try FunctionRole(audience: "a") { $0 == missing ? "" : Self.keys[$0] } == nil)
        }
        #expect(throws: AttestationError.self) {
            try FunctionRole(audience: "a") { $0 == "AWS_SESSION_TOKEN" ? "a\r\nb" : Self.keys[$0] }
        }
        #expect(throws: AttestationError.self) {
            try FunctionRole(audience: "a") { $0 == "AWS_REGION" ? nil : Self.keys[$0] }
        }
    }

    @Test("standing still is noticed by the clock on the wall")
    func freeze() throws {
        var now: Int64 = 1_000_000
        var gaps: [UInt64] = []
        let watch = FreezeWatch(loop: try EventLoop(index: 0), now: { now })
        watch.start { gaps.append($0) }
        now += FreezeWatch.gapMilliseconds - 1
        watch.look()
        #expect(gaps.isEmpty)
        now += FreezeWatch.gapMilliseconds
        watch.look()
        watch.look()
        // Set back, which is no time that passed.
        now -= 3_600_000
        watch.look()
        #expect(gaps == [4_000])
    }
}
