import Testing

@testable import MeshProtos

@Suite struct ProtoReaderTests {
    private typealias Duration = GoogleProtobuf.Duration
    private typealias Value = GoogleProtobuf.UInt32Value

    @Test(
        "refuses malformed bytes with the reason",
        arguments: [
            ([0x08], ProtoError.truncated),
            ([0x08, 0x80], .truncated),
            ([0x80], .truncated),
            ([0x11, 0, 0, 0], .truncated),
            ([0x1d, 0, 0], .truncated),
            ([0x00, 0x00], .fieldNumberOutOfRange(0)),
            ([0x80, 0x80, 0x80, 0x80, 0x10, 0x00], .fieldNumberOutOfRange(1 << 29)),
            ([0x0b], .refusedWireType(3)),
            ([0x0c], .refusedWireType(4)),
            ([0x0e], .refusedWireType(6)),
            ([0x0f], .refusedWireType(7)),
            ([0x0a, 0x05, 0x61], .lengthOutOfRange(5)),
            ([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], .lengthOutOfRange(.max)),
            ([0x08] + Array(repeating: 0xff, count: 9) + [0x02], .varintTooLong),
            ([0x08] + Array(repeating: 0x80, count: 10) + [0x00], .varintTooLong),
            ([0x0a, 0x02, 0xc3, 0x28], .invalidUTF8(field: 1)),
        ] as [([UInt8], ProtoError)]
    )
    func refuses(_ bytes: [UInt8], _ expected: ProtoError) {
        #expect(throws: expected) { try GoogleProtobuf.AnyMessage(decoding: bytes) }
    }

    @Test func takesTheLargestVarint() throws {
        let message = try Duration(decoding: [0x08] + Array(repeating: 0xff, count: 9) + [0x01])
        #expect(message.seconds == -1)
    }

    @Test func dropsTheHigherBitsOf32BitNumbers() throws {
        #expect(try Value(decoding: [0x08, 0x81, 0x80, 0x80, 0x80, 0x10]).value == 1)
    }

    @Test func skipsUnknownFieldsAndForeignWireTypes() throws {
        let unknown: [UInt8] = [
            0x78, 0x05,  // 15, varint
            0x79, 1, 2, 3, 4, 5, 6, 7, 8,  // 15, 64 bits
            0x7a, 0x02, 0x61, 0x62,  // 15, bytes
            0x7d, 1, 2, 3, 4,  // 15, 32 bits
            0x0a, 0x01, 0x00,  // 1 as bytes, where a varint is expected
        ]
        #expect(try Value(decoding: unknown + [0x08, 0x07] + unknown) == .with { $0.value = 7 })
    }

    @Test func lastScalarWinsAndMessagesMerge() throws {
        var bytes = IstioWorkload.Workload.with {
            $0.name = "a"
            $0.locality = .with { $0.region = "r" }
        }.serialized
        bytes +=
            IstioWorkload.Workload.with {
                $0.name = "b"
                $0.locality = .with { $0.zone = "z" }
            }.serialized
        let merged = try IstioWorkload.Workload(decoding: bytes)
        #expect(merged.name == "b")
        #expect(
            merged.locality
                == .with {
                    $0.region = "r"
                    $0.zone = "z"
                }
        )
    }

    @Test func lastMemberOfAOneofWins() throws {
        let first = IstioWorkload.Address.with { $0.kind = .service(.with { $0.name = "s" }) }
        let second = IstioWorkload.Address.with { $0.kind = .workload(.with { $0.name = "w" }) }
        #expect(try IstioWorkload.Address(decoding: first.serialized + second.serialized) == second)
        // Another wire type under a member's number is an unknown field.
        #expect(try IstioWorkload.Address(decoding: first.serialized + [0x08, 0x01]) == first)
    }

    @Test func readsPackedAndUnpackedNumbers() throws {
        let packed = try IstioSecurity.Match(decoding: [0x4a, 0x03, 0x50, 0xbb, 0x03])
        let unpacked = try IstioSecurity.Match(decoding: [0x48, 0x50, 0x48, 0xbb, 0x03])
        #expect(packed.destinationPorts == [80, 443])
        #expect(unpacked == packed)
        #expect(throws: ProtoError.truncated) { try IstioSecurity.Match(decoding: [0x4a, 0x01, 0x80]) }
    }

    @Test func aMapEntryMayLackKeyAndValue() throws {
        let request = try EnvoyDiscovery.DeltaDiscoveryRequest(decoding: [0x2a, 0x00])
        #expect(request.initialResourceVersions == ["": ""])
    }

    @Test func depthIsBounded() throws {
        func nested(_ depth: Int) -> [UInt8] {
            var value = GoogleProtobuf.Value(.null)
            for _ in 0..<depth { value = .init(.list([value])) }
            return value.serialized
        }
        // Each list nests two messages.
        #expect(throws: Never.self) { try GoogleProtobuf.Value(decoding: nested(16)) }
        #expect(throws: ProtoError.tooDeep) { try GoogleProtobuf.Value(decoding: nested(17)) }
    }

    @Test func sizeAndNumberOfFieldsAreBounded() throws {
        var limits = ProtoLimits()
        limits.bytes = 4
        #expect(throws: Never.self) { try Value(decoding: [0x08, 1, 0x08, 1], limits: limits) }
        #expect(throws: ProtoError.tooLarge(5)) { try Value(decoding: [0x08, 1, 0x08, 0x81, 0], limits: limits) }
        limits.fields = 1
        #expect(throws: ProtoError.tooManyFields) { try Value(decoding: [0x08, 1, 0x08, 1], limits: limits) }
    }

    @Test("a message cut at any byte is read or refused, never trapped on")
    func truncation() {
        for (_, message) in Messages.all {
            let bytes = message.serialized
            for count in 0..<bytes.count {
                _ = try? type(of: message).init(decoding: Array(bytes.prefix(count)))
            }
        }
    }

    @Test("random bytes and random damage never trap, and what is read is written back the same", arguments: 0..<8)
    func garbage(_ seed: UInt64) {
        var random = SeededGenerator(state: seed)
        for round in 0..<1500 {
            let (_, message) = Messages.all[round % Messages.all.count]
            var bytes = message.serialized
            if round % 3 == 0 {
                bytes = (0..<Int.random(in: 0...64, using: &random)).map { _ in .random(in: 0...255, using: &random) }
            } else {
                for _ in 0...Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
                }
            }
            guard let read = try? type(of: message).init(decoding: bytes) else { continue }
            self.expectStable(read)
        }
    }

    private func expectStable<M: ProtoMessage>(_ message: M) {
        let again = try? M(decoding: message.serialized)
        // NaN in a metadata value is not equal to itself, so bytes are compared.
        #expect(again?.serialized == message.serialized)
    }
}
