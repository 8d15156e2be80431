import MeshConfig
import Testing

@Suite struct DurationTextTests {
    @Test(arguments: [
        ("250ms", Duration.milliseconds(250)), ("0s", .zero), ("30s", .seconds(30)), ("15m", .seconds(900)),
        ("24h", .seconds(86_400)), ("7d", .seconds(604_800)),
    ])
    func reads(_ text: String, _ expected: Duration) {
        #expect(DurationText.parse(text) == expected)
    }

    @Test(arguments: [
        "", "s", "5", "-5s", "1.5h", "5 s", "5S", "5w", "99999999999999999999s", "9223372036854775807d", "٣s",
    ])
    func refuses(_ text: String) {
        #expect(DurationText.parse(text) == nil)
    }
}
