import AWSClient
import AWSTestSupport
import MeshCompile
import NIOCore
import Testing

@testable import ControlPlane

/// Over loopback, which is opened for it.
@Suite("66: keys are fetched with care", .timeLimit(.minutes(1))) struct KeySetFetcherTests {
    private static let keys = #"{"keys":[{"e":"AQAB","kty":"RSA","n":"x"}]}"#
    private static let open = KeySetFetcher(networks: KeyNetworks(open: ["127.0.0.0/8"]), timeout: .seconds(1))

    private func failure(_ url: String, _ fetcher: KeySetFetcher = Self.open) async -> String {
        do {
            return "no failure but \(try await fetcher.keys(of: .url(url)))"
        } catch {
            return "\(error)"
        }
    }

    @Test("from a URL, by name, through redirects, and by discovery")
    func fetches() async throws {
        let server = try await LoopbackServer { request in
            switch request.url {
            case "/keys": LoopbackServer.Answer(text: Self.keys)
            case "/moved": LoopbackServer.Answer(status: 302, headers: [("location", "/keys")], text: "")
            default: LoopbackServer.Answer(status: 404, text: "")
            }
        }
        #expect(try await Self.open.keys(of: .url("\(server.url)/keys")) == Self.keys)
        #expect(try await Self.open.keys(of: .url("http://localhost:\(server.port)/moved")) == Self.keys)
        await server.close()
        let issuer = try await LoopbackServer { request in
            let base = "http://\(request.headers.first { $0.name.lowercased() == "host" }?.value ?? "")"
            switch request.url {
            case "/.well-known/openid-configuration":
                return LoopbackServer.Answer(text: #"{"issuer": "\#(base)/", "jwks_uri": "\#(base)/k"}"#)
            case "/k": return LoopbackServer.Answer(text: Self.keys)
            default: return LoopbackServer.Answer(status: 404, text: "")
            }
        }
        #expect(try await Self.open.keys(of: .issuer("\(issuer.url)/")) == Self.keys)
        await issuer.close()
    }

    @Test("what is private is not asked, directly, by name, or by redirect")
    func privateNetworks() async throws {
        let server = try await LoopbackServer { request in
            request.url == "/away"
                ? LoopbackServer.Answer(status: 302, headers: [("location", "http://169.254.170.2/v3")], text: "")
                : LoopbackServer.Answer(text: Self.keys)
        }
        let closed = KeySetFetcher(networks: KeyNetworks(), timeout: .seconds(1))
        for host in ["127.0.0.1", "localhost", "[::1]"] {
            let failure = await self.failure("http://\(host):\(server.port)/keys", closed)
            #expect(failure.contains("no public address"), "\(host): \(failure)")
        }
        #expect(await self.failure("\(server.url)/away").contains("no public address"))
        await server.close()
    }

    @Test("what is too big, too slow, broken or another status is refused")
    func badAnswers() async throws {
        let server = try await LoopbackServer { request in
            var answer = LoopbackServer.Answer(text: Self.keys)
            switch request.url {
            case "/big": answer.parts = (0..<5).map { _ in (0, [UInt8](repeating: 32, count: 64 * 1024)) }
            case "/slow": answer.parts = [(3000, [1])]
            case "/broken": answer.breaksOff = true
            case "/gone": answer.status = 410
            case "/loop":
                answer.status = 302
                answer.headers = [("location", "/loop")]
            case "/html": answer.parts = [(0, Array("<html>".utf8))]
            default: break
            }
            return answer
        }
        for (path, text) in [
            ("big", "more than 262144 bytes"), ("slow", "does not answer"), ("broken", "does not answer"),
            ("gone", "answers 410"), ("loop", "redirects too often"), ("html", "no key set"),
        ] {
            let failure = await self.failure("\(server.url)/\(path)")
            #expect(failure.contains(text), "\(path): \(failure)")
        }
        for url in ["ftp://example.com/", "http://user@127.0.0.1/", "http:///", "nonsense"] {
            #expect(await self.failure(url).contains("none of http or https"), "\(url)")
        }
        await server.close()
    }
}
