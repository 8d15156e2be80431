import MeshXDS
import Testing

@Suite struct XDSBackoffTests {
    @Test func boundsDoubleUpToTheMaximum() {
        var random = SeededGenerator(state: 3)
        var largest: [Duration] = Array(repeating: .zero, count: 16)
        for _ in 0..<300 {
            var backoff = XDSBackoff()
            for index in largest.indices { largest[index] = max(largest[index], backoff.next(random: &random)) }
        }
        var bound = Duration.milliseconds(250)
        for wait in largest {
            #expect(wait <= bound)
            #expect(wait > bound * 0.9, "draws reach the whole range")
            bound = min(bound * 2, .seconds(15))
        }
    }

    @Test func startsAgainAfterAReset() {
        var random = SeededGenerator(state: 3)
        var backoff = XDSBackoff()
        for _ in 0..<20 { _ = backoff.next(random: &random) }
        backoff.reset()
        let wait = backoff.next(random: &random)
        #expect(wait <= .milliseconds(250))
    }

    @Test(
        "gRPC statuses",
        arguments: [
            (0, "", XDSStreamEnd.completed), (1, "", .routine), (2, "", .routine), (4, "", .routine),
            (14, "transport is closing", .routine), (14, "connection error: received prior goaway: x", .routine),
            (14, "received prior goawa", .failed), (14, "", .failed), (14, "no", .failed), (16, "", .failed),
            (7, "transport is closing", .failed), (-1, "", .failed),
        ]
    )
    func statuses(_ code: Int, _ message: String, _ end: XDSStreamEnd) {
        #expect(XDSStreamEnd(grpcStatus: code, message: message) == end)
    }
}
