import Testing

@testable import HTTPRouting

@Suite("xxHash64")
struct XXHash64Tests {
    /// What the reference program prints for these inputs.
    @Test(arguments: [
        ("", UInt64(0), UInt64(0xef46_db37_51d8_e999)),
        ("a", 0, 0xd24e_c4f1_a98c_6e5b),
        ("abc", 0, 0x44bc_2cf5_ad77_0999),
        ("", 1, 0xd5af_ba13_36a3_be4b),
        ("Nobody inspects the spammish repetition", 0, 0xfbce_a83c_8a37_8bf1),
    ])
    func vectors(_ text: String, _ seed: UInt64, _ hash: UInt64) {
        #expect(XXHash64.hash(text, seed: seed) == hash)
        #expect(XXHash64.hash(Array(text.utf8), seed: seed) == hash)
    }

    @Test("16 bytes hash the same as numbers and as bytes")
    func halves() {
        #expect(
            XXHash64.hash(high: 0x0001_0203_0405_0607, low: 0x0809_0a0b_0c0d_0e0f) == XXHash64.hash(Array(0..<16))
        )
    }
}
