import Testing

@testable import MeshProtos

@Suite struct ProtoWriterTests {
    @Test("what is written can be read back", arguments: 0..<Messages.all.count)
    func roundTrip(_ index: Int) throws {
        let (_, message) = Messages.all[index]
        try self.expectRoundTrip(message)
    }

    private func expectRoundTrip<M: ProtoMessage>(_ message: M) throws {
        #expect(try M(decoding: message.serialized) == message)
    }

    @Test func defaultsTakeNoBytes() {
        #expect(IstioWorkload.Workload().serialized.isEmpty)
        #expect(EnvoyDiscovery.DeltaDiscoveryRequest().serialized.isEmpty)
    }

    @Test func aZeroWithPresenceIsWritten() {
        #expect(IstioWorkload.NetworkAddress.with { $0.length = 0 }.serialized == [0x18, 0x00])
        #expect(IstioSecurity.StringMatch.with { $0.kind = .exact("") }.serialized == [0x0a, 0x00])
    }

    @Test func lengthsAreWrittenInTheirShortestForm() throws {
        for length in [0, 1, 127, 128, 129, 16383, 16384, 70000] {
            let text = String(repeating: "x", count: length)
            let message = IstioWorkload.Address.with { $0.kind = .service(.with { $0.name = text }) }
            try self.expectRoundTrip(message)
        }
    }

    @Test func mapsAreWrittenInTheOrderOfBytes() {
        // "e" + combining accent sorts before "z" as bytes, "é" after it.
        let request = EnvoyDiscovery.DeltaDiscoveryRequest.with {
            $0.initialResourceVersions = ["z": "", "é": "", "a": "", "e\u{301}q": ""]
        }
        let keys: [[UInt8]] = ["a", "e\u{301}q", "z", "é"].map { Array($0.utf8) }
        var expected: [UInt8] = []
        for key in keys {
            expected += [0x2a, UInt8(key.count + 4), 0x0a, UInt8(key.count)] + key + [0x12, 0x00]
        }
        #expect(request.serialized == expected)
    }
}
