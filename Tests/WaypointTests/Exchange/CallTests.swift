import DataPlaneTestSupport
import HTTPRouting
import MeshModel
import MeshProtos
import Testing
import TunnelEngine

@testable import Waypoint

@Suite("gRPC through a waypoint", .serialized)
struct CallTests {
    private static let content = HeaderField("content-type", "application/grpc")

    @Test("a unary call, and one with many answers", arguments: [1, 200])
    func calls(_ count: Int) throws {
        let answer: TestBackend.Answer = { request in
            TestBackend.Reply.with {
                $0.fields = [Self.content]
                for _ in 0..<count { $0.body += GRPCFrame.wrap(request.body) }
                $0.trailers = [HeaderField("grpc-status", "0"), HeaderField("x-cost", "3")]
            }
        }
        try withBench(answer: answer) { bench, backends in
            let message = GRPCFrame.wrap([UInt8](repeating: 4, count: 1_000))
            let answer = try bench.request(.grpc(), body: message, version: .http2)
            #expect(answer.status == 200)
            #expect(answer.body.count == count * (message.count + 5))
            #expect(answer.trailers.first(named: "grpc-status") == "0")
            #expect(answer.trailers.first(named: "x-cost") == "3")
            let seen = try #require(backends[0].requests.first)
            #expect(seen.version == .http2)
            #expect(seen["te"] == "trailers")
        }
    }

    @Test("an error as trailers alone")
    func fails() throws {
        try withBench(answer: { _ in .grpc(9, message: "no") }) { bench, _ in
            let answer = try bench.request(.grpc(), body: [0, 0, 0, 0, 0], version: .http2)
            #expect(answer.status == 200)
            #expect(answer["grpc-status"] == "9")
            #expect(answer["grpc-message"] == "no")
            #expect(answer.body.isEmpty)
        }
    }

    @Test("UNAVAILABLE is tried again, and the second answer counts")
    func retries() throws {
        let answer: TestBackend.Answer = { request in
            request["x-envoy-attempt-count"] == nil
                ? .grpc(14)
                : .with {
                    $0.fields = [Self.content]
                    $0.trailers = [HeaderField("grpc-status", "0")]
                }
        }
        try withBench(answer: answer) { bench, backends in
            let answer = try bench.request(.grpc(), body: [0, 0, 0, 0, 0], version: .http2)
            #expect(answer.trailers.first(named: "grpc-status") == "0")
            #expect(backends[0].requests.count == 2)
        }
    }

    @Test("our own answers are trailers alone, with gRPC's codes")
    func ownAnswers() throws {
        try withBench(routes: { resource in
            resource.route({ $0.path = .with { $0.value = "/demo.Echo/Say" } }) { _ in }
            resource.policy("no") {
                $0.action = .deny
                $0.rules = [.with { $0.to = [.with { $0.paths = ["/demo.Echo/No"] }] }]
            }
        }) { bench, backends in
            let connection = try bench.connect(.http2)
            for (path, status) in [("/demo.Echo/No", "7"), ("/demo.Echo/Other", "12")] {
                let answer = try connection.request(.grpc(path), body: [0, 0, 0, 0, 0])
                #expect(answer.status == 200)
                #expect(answer["grpc-status"] == status)
                #expect(answer["content-type"] == "application/grpc")
                #expect(answer.body.isEmpty)
            }
            backends[0].stop()
            let answer = try connection.request(.grpc(), body: [0, 0, 0, 0, 0])
            #expect(answer["grpc-status"] == "14")
            #expect(answer["grpc-message"]?.contains("connection failure") == true)
        }
    }

    @Test("gRPC has its form also where nothing was decided yet")
    func overloaded() throws {
        try withBench(limits: { $0.requests = 0 }) { bench, _ in
            let answer = try bench.request(.grpc(), body: [0, 0, 0, 0, 0], version: .http2)
            #expect(answer.status == 200)
            #expect(answer["grpc-status"] == "14")
        }
    }

    @Test("grpc-timeout ends a call that takes longer: DEADLINE is the client's, ours says UNAVAILABLE")
    func deadline() throws {
        try withBench(answer: { _ in .with { $0.isSilent = true } }) { bench, backends in
            let answer = try bench.request(
                .grpc("/demo.Echo/Say", HeaderField("grpc-timeout", "60m")),
                body: [0, 0, 0, 0, 0],
                version: .http2
            )
            #expect(answer.status == 200)
            #expect(["4", "14"].contains(answer["grpc-status"]))
            #expect(eventually { backends[0].resets == 1 })
            #expect(bench.logs(" UT "))
        }
    }
}
