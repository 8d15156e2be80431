import Testing

@testable import MeshModel

@Suite("Addresses and blocks")
struct AddressBlockTests {
    @Test(
        "reads addresses and blocks",
        arguments: [
            ("10.0.0.1", "10.0.0.1", "10.0.0.1"), ("10.1.2.3/32", "10.1.2.3", "10.1.2.3"),
            ("10.1.2.3/8", "10.1.2.3/8", "10.0.0.0/8"), ("0.0.0.0/0", "0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8::5/64", "2001:db8::5/64", "2001:db8::/64"), ("::1", "::1", "::1"),
        ]
    )
    func reads(_ text: String, _ description: String, _ masked: String) throws {
        let block = try #require(AddressBlock(parsing: text))
        #expect(block.description == description)
        #expect(block.masked.description == masked)
    }

    @Test(
        "refuses the rest",
        arguments: [
            "", "/", "10.0.0.1/", "10.0.0.1/33", "10.0.0.1/-1", "10.0.0.1/+8", "10.0.0.1/8/8", "::/129", "x/8",
            "10.0.0/8", "10.0.0.1/999999999999999999999", String(repeating: "1", count: 60),
        ]
    )
    func refuses(_ text: String) { #expect(AddressBlock(parsing: text) == nil) }

    @Test(
        "an IPv4-mapped block is one of IPv4, unless it also holds other addresses",
        arguments: [
            ("::ffff:10.0.0.1", "10.0.0.1"), ("::ffff:10.0.0.0/104", "10.0.0.0/8"), ("::ffff:0:0/96", "0.0.0.0/0"),
            ("::ffff:10.0.0.0/95", "::ffff:10.0.0.0/95"), ("2001:db8::/32", "2001:db8::/32"),
            ("10.0.0.1/8", "10.0.0.1/8"),
        ]
    )
    func canonical(_ text: String, _ description: String) {
        let block = AddressBlock(parsing: text)?.canonical
        #expect(block == AddressBlock(parsing: description))
    }

    @Test("blocks sort by family, address and length")
    func sorts() {
        let texts = ["::1", "10.0.0.0/16", "9.0.0.0/8", "10.0.0.0/8"]
        let sorted = texts.compactMap { AddressBlock(parsing: $0) }.sorted()
        #expect(sorted.map(\.description) == ["9.0.0.0/8", "10.0.0.0/8", "10.0.0.0/16", "::1"])
    }
}
