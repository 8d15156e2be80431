import MeshConfig
import MeshProtos
import Testing

@testable import MeshCompile

@Suite("Policies from declaration to verdict")
struct PolicyVerdictTests {
    static let scenarios =
        PolicyScenario.fields + PolicyScenario.joins + PolicyScenario.scopes + PolicyScenario.unsupported
        + PolicyScenario.peers

    @Test("53, 54, 56, 60: every connection passes or not as the declaration says", arguments: scenarios)
    func verdicts(_ scenario: PolicyScenario) throws {
        let allowed = try scenario.lettersAllowed()
        #expect(try allowed == scenario.lettersExpected(), "by the oracle")
        if let expected = scenario.allowed { #expect(allowed == expected, "by hand") }
    }

    @Test("the table is large, and most of it was written by hand")
    func size() throws {
        let connections = try TestConnection.all().count
        #expect(Self.scenarios.count * connections >= 1_000)
        #expect(Self.scenarios.count { $0.allowed != nil } * connections >= 800)
    }

    @Test("pairs of policies, each way round: 400 sets drawn at random")
    func pairs() throws {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<400 {
            let drawn = (0..<3).compactMap { _ in Self.scenarios.randomElement(using: &generator) }
            var resources: [DeclaredResource] = []
            for resource in drawn.flatMap(\.resources) {
                var copy = resource
                copy.metadata.name = "r\(resources.count)"
                copy.metadata.created = Int64.random(in: 0..<3, using: &generator)
                resources.append(copy)
            }
            let scenario = PolicyScenario(drawn.map(\.name).joined(separator: " + "), nil, resources)
            #expect(try scenario.lettersAllowed() == scenario.lettersExpected(), "\(scenario.name)")
        }
    }
}
