import MeshConfig
import Testing

/// A generator whose numbers a seed gives back.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    mutating func next() -> UInt64 {
        // SplitMix64
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

@Suite struct MutationTests {
    private static let pieces: [String] = [
        "[", "]", "{", "}", ":", " ", "\n", "- ", "\"", "'", "#", "&a ", "*a", "!", "|", ">", "%", "@", "\t", "\u{0}",
        "~", "null", "true", "1e999", "99999999999999999999", "-1", ".nan", "\u{feff}", "é", "?", ", ", "  ",
    ]

    private func mutated(_ text: [UInt8], by generator: inout SeededGenerator) -> [UInt8] {
        var text = text
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let place = Int.random(in: 0...text.count, using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: text.insert(contentsOf: (Self.pieces.randomElement(using: &generator) ?? "").utf8, at: place)
            case 1: text.removeSubrange(place..<min(text.count, place + Int.random(in: 1...12, using: &generator)))
            case 2 where place < text.count: text[place] = UInt8.random(in: 0...255, using: &generator)
            case 3:
                let from = Int.random(in: 0...text.count, using: &generator)
                text.insert(contentsOf: text[from..<min(text.count, from + 20)], at: place)
            default: text.swapAt(place % max(1, text.count), (place / 2) % max(1, text.count))
            }
        }
        // Another document may come of it, but the markers of those around it stay.
        return text + [UInt8(ascii: "\n")]
    }

    /// Any document between two good ones may be anything: nothing traps, the good ones are read, what was in force
    /// stays, and every refusal says why.
    @Test func goodDocumentsOutliveAnyNeighbour() {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        let good = ["first", "last"].map { Documents.document(.peerAuthentication, spec: "mtls: {}", name: $0) }
        let reader = ConfigurationReader()
        for _ in 0..<1500 {
            guard let (kind, spec) = Documents.good.randomElement(using: &generator) else { return }
            let whole = Documents.document(kind, spec: spec)
            let before = SetBuilder.build(
                [reader.read("---\n\(good[0])---\n\(whole)---\n\(good[1])", path: "a.yaml")],
                previous: .empty,
                now: 1
            )
            let bad = self.mutated(Array(whole.utf8), by: &generator)
            let text = Array("---\n\(good[0])---\n".utf8) + bad + Array("---\n\(good[1])".utf8)
            let file = reader.read(text, path: "a.yaml")
            let after = SetBuilder.build([file], previous: before, now: 2)
            let names = Set(after.resources.map(\.metadata.name))
            let shown = "seed \(seed): \(String(decoding: bad, as: UTF8.self))"
            #expect(names.isSuperset(of: ["first", "last"]), "\(shown)")
            for document in file.documents where document.resource == nil {
                #expect(document.diagnostics.contains { $0.severity == .error }, "\(shown)")
            }
            for document in file.documents where document.resource != nil {
                #expect(!document.diagnostics.contains { $0.severity == .error }, "\(shown)")
            }
            // Still bad and of the same key, or of none: the last good version holds.
            let broken = file.documents.dropFirst().dropLast()
            if broken.count == 1, let one = broken.first, one.resource == nil {
                let key = before.entries[1].key
                if one.key == nil || one.key == key {
                    #expect(after.resources.contains { $0.key == key }, "\(shown)")
                }
            }
        }
    }
}
