import Glibc
import Testing

@testable import MeshTelemetry

struct TimestampTests {
    @Test(arguments: [
        (0, 0, "1970-01-01T00:00:00.000000Z"),
        (951_782_400, 5, "2000-02-29T00:00:00.000005Z"),
        (1_767_323_045, 678_901, "2026-01-02T03:04:05.678901Z"),
        (4_107_542_399, 999_999, "2100-02-28T23:59:59.999999Z"),
        (4_107_542_400, 0, "2100-03-01T00:00:00.000000Z"),
        (-1, 0, "1969-12-31T23:59:59.000000Z"),
        (Int64.max, 0, "9999-12-31T23:59:59.000000Z"),
        (Int64.min, -4, "0000-01-01T00:00:00.000000Z"),
    ])
    func showsUTC(_ seconds: Int64, _ microseconds: Int, _ text: String) {
        #expect(Timestamp(seconds: seconds, microseconds: microseconds).description == text)
    }

    @Test func agreesWithTheSystemOnRandomTimes() {
        for _ in 0..<2_000 {
            var seconds = time_t.random(in: -10_000_000_000...100_000_000_000)
            var parts = tm()
            gmtime_r(&seconds, &parts)
            var buffer = [CChar](repeating: 0, count: 64)
            let count = strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%S.000000Z", &parts)
            let expected = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            #expect(Timestamp(seconds: Int64(seconds)).description == expected)
        }
    }
}
