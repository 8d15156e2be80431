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
}
