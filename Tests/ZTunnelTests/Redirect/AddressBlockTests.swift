import Testing

@testable import ZTunnel

@Suite("Address block")
struct AddressBlockTests {
    @Test(
        "bits behind the prefix are dropped, and single addresses stand alone",
        arguments: [
            ("10.1.2.3/8", "10.0.0.0/8"), ("10.1.2.3/31", "10.1.2.2/31"), ("10.1.2.3/32", "10.1.2.3"),
            ("169.254.170.2", "169.254.170.2"), ("2001:db8:ffff::1/33", "2001:db8:8000::/33"),
            ("fd00:ec2::254/128", "fd00:ec2::254"), ("::ffff:10.0.0.1", "10.0.0.1"),
        ]
    )
    func parses(_ text: String, _ canonical: String) {
        #expect(AddressBlock(parsing: text)?.description == canonical)
    }

    @Test(
        "anything else is refused",
        arguments: [
            "", "/8", "10.0.0.0/", "10.0.0.0/0", "10.0.0.0/33", "::1/129", "::/0", "10.0.0/8", "10.0.0.0/+8", "host",
            "10.0.0.0/8/8", "10.0.0.0/0008",
        ]
    )
    func refuses(_ text: String) {
        #expect(AddressBlock(parsing: text) == nil)
    }

    @Test("blocks sort by family, address and length")
    func sorts() {
        let texts = ["::1", "10.0.0.0/8", "9.0.0.0/8", "10.0.0.0/16"]
        #expect(
            texts.compactMap { AddressBlock(parsing: $0) }.sorted().map(\.description)
                == ["9.0.0.0/8", "10.0.0.0/8", "10.0.0.0/16", "::1"]
        )
    }
}
