import Testing

@testable import MeshDNS

@Suite struct DNSFrameReaderTests {
    private func add(_ bytes: [UInt8], to reader: inout DNSFrameReader) {
        bytes.withUnsafeBytes { reader.append($0) }
    }

    @Test func givesMessagesHoweverTheyArrive() {
        let messages: [[UInt8]] = [[1, 2, 3], [], Array(repeating: 7, count: 65_535), [9]]
        let stream = messages.flatMap { DNSFrameReader.framed($0) ?? [] }
        for step in [1, 2, 3, 1_000, stream.count] {
            var reader = DNSFrameReader()
            var seen: [[UInt8]] = []
            var place = 0
            while place < stream.count {
                self.add(Array(stream[place..<min(place + step, stream.count)]), to: &reader)
                place += step
                while let message = reader.next() { seen.append(message) }
            }
            #expect(seen == messages)
            #expect(reader.count == 0)
        }
    }

    @Test func waitsForTheRest() {
        var reader = DNSFrameReader()
        self.add([0], to: &reader)
        #expect(reader.next() == nil && reader.count == 1)
        self.add([2, 1], to: &reader)
        #expect(reader.next() == nil && reader.count == 3)
        self.add([5, 0], to: &reader)
        #expect(reader.next() == [1, 5] && reader.count == 1)
    }

    @Test func whatIsTooLongHasNoFrame() {
        #expect(DNSFrameReader.framed(Array(repeating: 0, count: 65_536)) == nil)
    }
}
