import MeshProtos
import Testing

@testable import HTTPRouting

@Suite("Retry policies")
struct RetryPolicyTests {
    static func policy(
        _ conditions: String,
        attempts: UInt32 = 2,
        codes: [UInt32] = [],
        attemptTimeout: UInt32 = 0,
        _ change: (inout TulleL7.Retry) -> Void = { _ in }
    ) throws -> RetryPolicy {
        var retry = TulleL7.Retry()
        retry.attempts = attempts
        retry.conditions = [conditions]
        retry.statusCodes = codes
        change(&retry)
        return try RetryPolicy(retry, attemptTimeout: attemptTimeout)
    }

    private static let results: [(String, AttemptResult)] = [
        ("500", .status(500)), ("503", .status(503)), ("504", .status(504)), ("409", .status(409)),
        ("200", .status(200)), ("limited", .response(status: 503, grpcStatus: nil, isRateLimited: true)),
        ("connect", .connectFailure), ("refused", .refusedStream), ("before", .reset(requestWasSent: false)),
        ("reset", .reset(requestWasSent: true)), ("slow", .attemptTimeout), ("overflow", .refusedHere),
    ]

    @Test(
        "each condition covers what it says",
        arguments: [
            ("5xx", "500 503 504 connect refused before reset slow"),
            ("gateway-error", "503 504 connect refused before reset slow"),
            ("reset", "connect refused before reset slow"),
            ("reset-before-request", "connect before"),
            ("connect-failure", "connect"),
            ("refused-stream", "refused"),
            ("retriable-4xx", "409"),
            ("retriable-status-codes", ""),
            ("500,409", "500 409"),
            ("504", "504 slow"),
            ("envoy-ratelimited", "limited"),
            ("unavailable,cancelled", ""),
            ("http3-post-connect-failure, retriable-headers", ""),
            ("", ""),
        ]
    )
    func conditions(_ condition: String, _ covered: String) throws {
        let policy = try Self.policy(condition)
        let names = Self.results.filter { policy.covers($0.1) }.map(\.0)
        #expect(names.joined(separator: " ") == covered)
    }

    @Test("listed codes count with and without the condition's name")
    func codes() throws {
        #expect(try Self.policy("retriable-status-codes", codes: [418]).covers(.status(418)))
        #expect(try Self.policy("", codes: [418]).covers(.status(418)))
        #expect(try !Self.policy("418").covers(.status(419)))
    }

    @Test(
        "R17: gRPC's status counts in the head of a response only",
        arguments: [
            ("cancelled", 1), ("deadline-exceeded", 4), ("resource-exhausted", 8), ("internal", 13),
            ("unavailable", 14),
        ]
    )
    func grpc(_ condition: String, _ status: Int) throws {
        let policy = try Self.policy(condition)
        for other in 0...16 {
            let result = AttemptResult.response(status: 200, grpcStatus: other, isRateLimited: false)
            #expect(policy.covers(result) == (other == status))
        }
        // A message came first: the head has no status, and the trailers are not asked.
        #expect(!policy.covers(.status(200)))
    }

    @Test("an unknown condition is refused by its name", arguments: ["5XX", "5xx;reset", "600", "99", "-503"])
    func unknown(_ text: String) {
        #expect(throws: RetryPolicyError.unknownCondition(text)) { _ = try Self.policy(text) }
        #expect(RetryPolicyError.unknownCondition(text).description.contains(text))
    }

    @Test("R12: without a policy Istio's default holds")
    func byDefault() throws {
        let policy = try RetryPolicy(nil, attemptTimeout: 300)
        #expect(policy.retries == 2)
        #expect(policy.avoidsTried)
        #expect(policy.attemptTimeout == 300)
        #expect(policy.covers(.connectFailure))
        #expect(policy.covers(.refusedStream))
        #expect(policy.covers(.response(status: 200, grpcStatus: 14, isRateLimited: false)))
        #expect(!policy.covers(.status(503)))
        #expect(!policy.covers(.reset(requestWasSent: true)))
        #expect(try RetryPolicy(TulleL7.Retry()).retries == 0)
        #expect(RetryPolicy.default.attemptTimeout == nil)
    }

    @Test(
        "waits are random below a bound that doubles, up to ten times the least",
        arguments: [
            (1, UInt64(25)), (2, 75), (3, 175), (4, 250), (100, 250),
        ]
    )
    func waits(_ number: Int, _ bound: UInt64) {
        let policy = RetryPolicy.default
        #expect(policy.wait(before: number, random: 0) == 0)
        #expect(policy.wait(before: number, random: .max) == bound - 1)
        var random = PickRandom(9)
        let waits = (0..<4000).map { _ in policy.wait(before: number, random: random.next()) }
        #expect(waits.allSatisfy { $0 < bound })
        let mean = Double(waits.reduce(0, +)) / 4000
        #expect(abs(mean - Double(bound - 1) / 2) < Double(bound) * 0.05)
    }

    @Test("a written least wait takes the place of 25 ms")
    func written() throws {
        let policy = try Self.policy("5xx") { $0.backoffMilliseconds = 1000 }
        #expect(policy.wait(before: 1, random: .max) == 999)
        #expect(policy.wait(before: 9, random: .max) == 9999)
    }
}
