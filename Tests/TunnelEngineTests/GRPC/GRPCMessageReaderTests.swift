import Testing

@testable import TunnelEngine

struct GRPCMessageReaderTests {
    private func receive(_ reader: inout GRPCMessageReader, _ bytes: some Collection<UInt8>) {
        Array(bytes).withUnsafeBytes { reader.receive($0) }
    }

    @Test func putsMessagesTogetherFromAnyPieces() throws {
        let messages: [[UInt8]] = [[], [1], Array(repeating: 7, count: 300)]
        let wire = messages.flatMap { GRPCMessageReader.frame($0) ?? [] }
        #expect(wire.prefix(11) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1])
        for step in 1...wire.count {
            var reader = GRPCMessageReader(limit: 300)
            var found: [[UInt8]] = []
            var rest = wire[...]
            while !rest.isEmpty {
                self.receive(&reader, rest.prefix(step))
                rest = rest.dropFirst(step)
                while let message = try reader.next() { found.append(message) }
            }
            #expect(found == messages)
            #expect(reader.isAtBoundary)
        }
    }

    @Test func refusesALengthOverTheLimitBeforeItsBytesCome() {
        var reader = GRPCMessageReader(limit: 10)
        self.receive(&reader, [0, 0, 0, 0, 11])
        #expect(throws: GRPCMessageReader.Failure.tooLarge(length: 11, limit: 10)) { try reader.next() }
        var huge = GRPCMessageReader(limit: 1 << 20)
        self.receive(&huge, [0, 255, 255, 255, 255])
        #expect(throws: GRPCMessageReader.Failure.tooLarge(length: .max, limit: 1 << 20)) { try huge.next() }
    }

    @Test(
        arguments: [
            (1, GRPCMessageReader.Failure.compressed), (2, .invalidFlag(2)), (255, .invalidFlag(255)),
        ] as [(UInt8, GRPCMessageReader.Failure)]
    )
    func refusesFlags(_ flag: UInt8, _ failure: GRPCMessageReader.Failure) {
        var reader = GRPCMessageReader(limit: 10)
        self.receive(&reader, [flag, 0, 0, 0, 0])
        #expect(throws: failure) { try reader.next() }
    }

    @Test func knowsWhenAMessageIsCut() throws {
        var reader = GRPCMessageReader(limit: 10)
        self.receive(&reader, [0, 0, 0, 0, 2, 1])
        #expect(try reader.next() == nil)
        #expect(!reader.isAtBoundary)
        #expect(reader.pendingBytes == 6)
    }
}
