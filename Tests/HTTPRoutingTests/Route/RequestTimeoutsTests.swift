import MeshProtos
import Testing

@testable import HTTPRouting

@Suite("Timeouts")
struct RequestTimeoutsTests {
    typealias F = RouteFixture

    @Test(
        "grpc-timeout has up to eight digits and a unit",
        arguments: [
            ("1S", 1000), ("20m", 20), ("1H", 3_600_000), ("2M", 120_000), ("1u", 1), ("1001u", 2), ("1n", 1),
            ("1000001n", 2), ("0m", 0), ("99999999H", 359_999_996_400_000), ("", nil), ("S", nil), ("1", nil),
            ("1x", nil), ("123456789m", nil), ("-1m", nil), ("1.5S", nil), (" 1m", nil), ("1 m", nil),
        ] as [(String, UInt64?)]
    )
    func parses(_ text: String, _ expected: UInt64?) {
        #expect(GRPCTimeout.milliseconds(text) == expected)
    }

    private func timeouts(request: UInt32 = 0, attempt: UInt32 = 0, fields: [(String, String)] = []) throws
        -> RequestTimeouts
    {
        var action = F.forward("v1")
        action.requestTimeoutMilliseconds = request
        action.attemptTimeoutMilliseconds = attempt
        let request = F.request(method: "POST", fields: fields)
        return try #require(F.table(action).match(request)).action.timeouts(for: request)
    }

    @Test("G20, G21: none unless the route has one, and an attempt takes no longer than the whole")
    func configured() throws {
        #expect(try self.timeouts() == RequestTimeouts(request: nil, attempt: nil))
        #expect(try self.timeouts(request: 500) == RequestTimeouts(request: 500, attempt: nil))
        #expect(try self.timeouts(attempt: 500).attempt == 500)
        #expect(try self.timeouts(request: 300, attempt: 500).attempt == 300)
    }

    @Test("a gRPC client's deadline counts where it is earlier")
    func deadline() throws {
        let grpc = [("content-type", "application/grpc"), ("grpc-timeout", "200m")]
        #expect(try self.timeouts(fields: grpc).request == 200)
        #expect(try self.timeouts(request: 100, fields: grpc).request == 100)
        #expect(
            try self.timeouts(request: 500, attempt: 400, fields: grpc) == RequestTimeouts(request: 200, attempt: 200)
        )
        #expect(try self.timeouts(request: 500, fields: [("grpc-timeout", "200m")]).request == 500)
        let malformed = [("content-type", "application/grpc+proto"), ("grpc-timeout", "soon")]
        #expect(try self.timeouts(request: 500, fields: malformed).request == 500)
    }
}
