import MeshXDS
import Testing

@Suite struct ContentHashTests {
    @Test(
        "the published values of FNV-1a",
        arguments: [
            ("", 0xcbf2_9ce4_8422_2325 as UInt64), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8),
        ]
    )
    func known(_ text: String, _ hash: UInt64) {
        #expect(ContentHash.fnv1a64(text.utf8) == hash)
    }

    @Test func versionsHaveSixteenDigits() {
        #expect(ContentHash.version(of: Array("foobar".utf8)) == "85944171f73967e8")
        for byte in UInt8.min...UInt8.max { #expect(ContentHash.version(of: [byte]).utf8.count == 16) }
    }
}
