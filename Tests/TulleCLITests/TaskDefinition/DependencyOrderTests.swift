import AWSClient
import Testing
import TulleCLI

@Suite("The order of containers")
struct DependencyOrderTests {
    /// `a>b` reads: a waits for b.
    @Test(
        "a circle of waiting is refused with its names",
        arguments: [
            ("a>b b>a c", "a → b → a"),
            ("a>b b>c c>d d>b", "b → c → d → b"),
        ]
    )
    func circle(_ containers: String, _ expected: String) throws {
        let error = #expect(throws: EnrolmentRefusal.self) { try Self.enrol(containers) }
        #expect(error?.code == .dependencyCycle)
        #expect(error?.message.hasSuffix(expected) == true)
    }

    @Test("waiting without a circle is taken", arguments: ["a", "a>b b>c c", "a>b b a>b c>a", "a>gone b>a"])
    func noCircle(_ containers: String) throws {
        #expect(throws: Never.self) { try Self.enrol(containers) }
    }

    @Test("a chain as long as a definition can be is taken")
    func longChain() throws {
        let chain = (0..<200).map { "c\($0)>c\($0 + 1)" }.joined(separator: " ") + " c200"
        #expect(throws: Never.self) { try Self.enrol(chain) }
    }

    private static func enrol(_ text: String) throws -> Enrolment.Outcome {
        var waits: [(String, [String])] = []
        for word in text.split(separator: " ") {
            let parts = word.split(separator: ">").map(String.init)
            if let index = waits.firstIndex(where: { $0.0 == parts[0] }) {
                waits[index].1 += parts.dropFirst()
            } else {
                waits.append((parts[0], Array(parts.dropFirst())))
            }
        }
        let containers = waits.map { name, others -> JSONValue in
            [
                "name": .string(name), "image": "i",
                "dependsOn": .array(others.map { ["containerName": .string($0), "condition": "START"] }),
            ]
        }
        return try Fixtures.enrolment().apply(to: Fixtures.small(["containerDefinitions": .array(containers)]))
    }
}
