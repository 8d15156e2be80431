import MeshModel
import Testing

@testable import TunnelEngine

struct GRPCStatusTests {
    @Test(arguments: [
        ("", ""), ("plain", "plain"), ("a%20b", "a b"), ("%E2%82%AC", "€"), ("%e2%82%ac", "€"), ("100%", "100%"),
        ("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("%%41", "%A"), ("%ff", "\u{fffd}"),
    ])
    func decodesMessages(_ text: String, _ decoded: String) {
        #expect(GRPCStatus.decoded(text) == decoded)
    }

    @Test func cutsLongMessages() {
        let limit = GRPCStatus.maximumMessageBytes
        let long = String(repeating: "x", count: limit + 1)
        #expect(GRPCStatus(.unknown, long).message.utf8.count == limit)
        #expect(GRPCStatus(.unknown, String(long.dropLast())).message.utf8.count == limit)
        let trailers = [
            HTTP2Header("grpc-status", "2"), HTTP2Header("grpc-message", String(repeating: "%41", count: 99_999)),
        ]
        #expect(GRPCStatus(trailers: trailers)?.message.utf8.count == limit)
    }

    @Test func showsItsName() {
        #expect(GRPCStatus(.unavailable, "later").description == "UNAVAILABLE: later")
        #expect(GRPCStatus(.ok).description == "OK")
        #expect(GRPCStatus.Code.allCases.map(\.rawValue) == Array(0...16))
    }

    @Test(
        arguments: [
            (0, "0m"), (5_000, "5000m"), (99_999_999, "99999999m"), (100_000_000, "100000S"), (100_000_001, "100001S"),
            (99_999_999_000, "99999999S"), (99_999_999_001, "27778H"), (UInt64.max, "99999999H"),
        ] as [(UInt64, String)]
    )
    func writesTimeouts(_ milliseconds: UInt64, _ text: String) {
        #expect(GRPCRequestHead.timeout(milliseconds: milliseconds) == text)
    }

    @Test func beginsACallWithGRPCsHeaders() {
        let head = GRPCRequestHead(
            path: "/a.B/C",
            authority: "host:1",
            timeoutMilliseconds: 10,
            metadata: [HTTP2Header("authorization", "Bearer x", sensitive: true)]
        )
        #expect(
            head.headers.map(\.description) == [
                ":method: POST", ":scheme: https", ":path: /a.B/C", ":authority: host:1", "te: trailers",
                "grpc-timeout: 10m", "content-type: application/grpc", "authorization: <masked>",
            ]
        )
    }
}
