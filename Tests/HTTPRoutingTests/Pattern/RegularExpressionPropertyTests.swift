import Testing

@testable import HTTPRouting

@Suite("Random patterns")
struct RegularExpressionPropertyTests {
    private static func texts(using generator: inout SeededGenerator) -> [String] {
        [""]
            + (0..<12).map { _ in
                let length = Int.random(in: 1...7, using: &generator)
                return String((0..<length).map { _ in "abcé-.\n".randomElement(using: &generator) ?? "a" })
            }
    }

    @Test("match what the definition matches, by table and by simulation", arguments: 0..<40 as Range<UInt64>)
    func matches(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<25 {
            let pattern = ReferencePattern.random(depth: 3, using: &generator)
            let expression = try RegularExpression(pattern.written)
            for text in Self.texts(using: &generator) {
                let expected = pattern.matches(text)
                var steps = 0
                #expect(expression.matchesWhole(text) == expected, "seed \(seed): \(pattern.written) on \(text)")
                #expect(expression.simulate(text, steps: &steps) == expected, "seed \(seed): \(pattern.written)")
            }
        }
    }

    @Test("replace what the definition prefers", arguments: 100..<130 as Range<UInt64>)
    func replaces(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            let pattern = ReferencePattern.random(depth: 2, using: &generator)
            let expression = try RegularExpression(pattern.written)
            // What a loop over something that may be empty prefers is a matter of taste between engines.
            guard !expression.node.loopsOverNothing else { continue }
            let rewrite = try RegularExpressionRewrite(expression, substitution: "<\\0>")
            let plain = try RegularExpressionRewrite(expression, substitution: "_")
            for text in Self.texts(using: &generator) {
                let expected = pattern.replacing(in: text, by: "_")
                #expect(plain.replacing(in: text) == expected, "seed \(seed): \(pattern.written) on \(text)")
                let kept = rewrite.replacing(in: text)?.filter { $0 != "<" && $0 != ">" }
                #expect(kept == text, "seed \(seed): \(pattern.written) on \(text)")
            }
        }
    }
}

extension RegularExpressionNode {
    fileprivate var loopsOverNothing: Bool {
        switch self {
        case .empty, .assertion, .scalar: false
        case .sequence(let parts): parts.contains(where: \.loopsOverNothing)
        case .choice(let options): options.contains(where: \.loopsOverNothing)
        case .capture(let node, _): node.loopsOverNothing
        case .repetition(let node, _, _, _): node.isNullable || node.loopsOverNothing
        }
    }
}
