import Glibc
import MeshConfig
import Testing

/// Input that is wrong on purpose: each is refused with a diagnostic, soon, and leaves good documents alone.
@Suite struct BadInputTests {
    private let good = Documents.document(.authorizationPolicy, spec: "", name: "good")

    /// Reads, and fails when it takes longer than ten seconds: these inputs take milliseconds where bounds work, and
    /// hours where they don't.
    private func read(_ text: String, limits: ConfigurationLimits = .standard) -> ReadFile {
        self.read(Array(text.utf8), limits: limits)
    }

    private func read(_ bytes: [UInt8], limits: ConfigurationLimits = .standard) -> ReadFile {
        let clock = ContinuousClock()
        let start = clock.now
        let file = ConfigurationReader(limits: limits).read(bytes, path: "a.yaml")
        #expect(clock.now - start < .seconds(10))
        return file
    }

    /// The most memory that the process ever had.
    private static func peakKilobytes() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Int(usage.ru_maxrss)
    }

    private func codes(_ file: ReadFile) -> [ConfigurationCode] { file.allDiagnostics.map(\.code) }

    @Test func aBrokenDocumentLeavesItsNeighbours() {
        for broken in [
            "kind: [", "\tx: 1", "a: b: c", "'", "\"", "{", "? [", "&a *a", "!x a", "a: %b", "a: *b", "\u{0}",
            "- a\nb: c", "a: &a [*a]", "a: &a {b: *a}",
        ] {
            let file = self.read("---\n\(self.good)---\n\(broken)\n---\n\(self.good.replacing("good", with: "other"))")
            #expect(file.resources.map(\.metadata.name) == ["good", "other"], "\(broken)")
            #expect(file.allDiagnostics.contains { $0.severity == .error }, "\(broken)")
        }
    }

    @Test func bytesThatAreNoTextAreRefused() {
        let bytes = Array("---\n\(self.good)---\na: ".utf8) + [0xff, 0xfe, 0x0a] + Array("---\n\(self.good)".utf8)
        let file = self.read(bytes)
        #expect(file.resources.count == 2)
        #expect(self.codes(file) == [.yamlSyntax])
    }

    @Test(arguments: ["a: [", "a: 'b", "---\nb: {\nc", "a: [\r\n\r\nb", "a: [\rb\rc", "---\n- [\n---\nb: {"])
    func whatIsMissingAtTheEndIsOnALineThatThereIs(_ text: String) {
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }.count
        let file = self.read(text)
        #expect(file.allDiagnostics.count == file.documents.count)
        #expect(!file.documents.isEmpty && file.documents.allSatisfy { (1...lines).contains($0.line) })
    }

    @Test func markersCommentsAndDirectivesAreNoDocuments() {
        let text = "%YAML 1.2\n---\n# nothing\n---\n\n...\n---   \n\(self.good)...\n# end\n---"
        let file = self.read("\u{feff}" + text)
        #expect(file.documents.count == 1)
        #expect(file.allDiagnostics.isEmpty)
        #expect(file.resources.first?.origin.line == 8)
        #expect(self.read(self.good.replacing("\n", with: "\r\n")).resources.count == 1)
        #expect(self.read("").documents.isEmpty)
        #expect(self.read("--- {apiVersion: v1, kind: Namespace, metadata: {name: a}}").resources.count == 1)
    }

    @Test func markersInsideTextsEndNothingButAtTheLineStart() {
        let text = Documents.document(
            .authorizationPolicy,
            spec: "",
            metadata: "annotations:\n  a: |\n    x\n    ---\n    y\n  b: \"--- z\""
        )
        let file = self.read(text)
        #expect(file.resources.first?.metadata.annotations == ["a": "x\n---\ny\n", "b": "--- z"])
    }

    @Test func filesAndDocumentsAreBounded() {
        let large = self.read([UInt8](repeating: UInt8(ascii: "#"), count: 10 << 20))
        #expect(self.codes(large) == [.fileTooLarge])
        #expect(!large.isComplete)
        let value = String(repeating: "x", count: 1 << 20)
        let file = self.read("---\na: \(value)\n---\n\(self.good)")
        #expect(self.codes(file) == [.documentTooLarge])
        #expect(file.resources.count == 1)
    }

    @Test func theNumberOfDocumentsIsBounded() {
        let file = self.read(String(repeating: "---\na\n", count: 10_001))
        #expect(file.documents.count == 10_000)
        #expect(file.diagnostics.map(\.code) == [.tooManyDocuments])
        #expect(!file.isComplete)
        let atTheBound = self.read(String(repeating: "---\na\n", count: 10_000))
        #expect(atTheBound.diagnostics.isEmpty)
    }

    @Test func depthIsBounded() {
        for depth in [100, 100_000] {
            let text = "---\nkind: " + String(repeating: "[", count: depth) + "\n---\n\(self.good)"
            let file = self.read(text)
            #expect(file.resources.count == 1)
            #expect(!file.allDiagnostics.isEmpty)
        }
        let blocks = (0..<100).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
        #expect(self.codes(self.read(blocks)) == [.tooDeep])
        #expect(self.codes(self.read(String(repeating: "- ", count: 50_000) + "a")) == [.tooDeep])
    }

    @Test func theBillionLaughsAreRefused() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<30 {
            let items = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(items)]\n"
        }
        let before = Self.peakKilobytes()
        let file = self.read(text + "---\n" + self.good)
        #expect(self.codes(file) == [.tooManyNodes])
        #expect(file.resources.count == 1, "what is refused takes nothing from the others")
        #expect(Self.peakKilobytes() - before < 128 << 10)
        // As keys, which other readers hash with all aliases expanded.
        let keys = self.read("? &a [&b [x, x], *b, *b]\n: 1\n? [*a, *a]\n: 2\n")
        #expect(self.codes(keys) == [.keyNotText])
        // Deep by aliases.
        var deep = "a0: &a0 [x]\n"
        for level in 1..<40 { deep += "a\(level): &a\(level) [*a\(level - 1)]\n" }
        #expect(self.codes(self.read(deep)) == [.tooDeep])
    }

    @Test func smallAliasesAreTaken() {
        let text = """
            apiVersion: security.istio.io/v1
            kind: PeerAuthentication
            metadata: {name: a, labels: &labels {app: a}}
            spec: {selector: {matchLabels: *labels}}
            """
        #expect(self.read(text).resources.first?.metadata.labels == ["app": "a"])
    }

    @Test func aMillionLabelsAreRefused() {
        func namespace(_ labels: Int) -> String {
            let text = (0..<labels).map { "l\($0): a" }.joined(separator: "\n    ")
            return "---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: many\n  labels:\n    \(text)\n"
        }
        #expect(self.codes(self.read(namespace(1_000_000) + "---\n" + self.good)) == [.fileTooLarge])
        // So many that the file may be as large, and that the document may.
        let document = self.read(namespace(120_000) + "---\n" + self.good)
        #expect(self.codes(document) == [.documentTooLarge])
        #expect(document.resources.map(\.metadata.name) == ["good"])
        let labels = self.read(namespace(60_000) + "---\n" + self.good)
        #expect(self.codes(labels) == [.badMetadata])
        #expect(labels.resources.map(\.metadata.name) == ["good"])
    }

    @Test func nodesAreBoundedByFile() {
        let list = "a: [" + Array(repeating: "x", count: 150_000).joined(separator: ",") + "]\n"
        let file = self.read("---\n\(list)---\n\(list)---\n\(self.good)")
        #expect(self.codes(file) == [.unknownKind, .tooManyNodes])
        #expect(file.resources.count == 1)
    }

    @Test func duplicateAndOddKeysAreRefused() {
        #expect(self.codes(self.read(self.good + "kind: Namespace\n")) == [.duplicateKey])
        #expect(self.codes(self.read("? [a]\n: b")) == [.keyNotText])
        #expect(self.codes(self.read("? {a: b}\n: c")) == [.keyNotText])
        #expect(self.codes(self.read("true: b")) == [.keyNotText])
        #expect(self.codes(self.read("~: b")) == [.keyNotText])
        #expect(self.codes(self.read("1.5: b")) == [.keyNotText])
    }

    @Test func wordsOfOlderYAMLAreTexts() {
        for word in ["on", "off", "yes", "no", "y", "n"] {
            let text = Documents.document(.authorizationPolicy, spec: "", metadata: "labels: {a: \(word)}")
            #expect(self.read(text).resources.first?.metadata.labels == ["a": word])
        }
        for other in ["true", "1", "1.5", "0x1f", "0o17"] {
            let text = Documents.document(.authorizationPolicy, spec: "", metadata: "labels: {a: \(other)}")
            #expect(self.codes(self.read(text)) == [.badMetadata], "\(other)")
            let quoted = Documents.document(.authorizationPolicy, spec: "", metadata: "labels: {a: '\(other)'}")
            #expect(self.read(quoted).resources.first?.metadata.labels == ["a": other])
        }
    }

    static let metadata: [String] = [
        "labels: {a: '\(String(repeating: "x", count: 64))'}",
        "labels: {'a b': c}",
        "labels: {a: [b]}",
        "labels: []",
        "labels: {\((0..<65).map { "l\($0): a" }.joined(separator: ", "))}",
        "annotations: {a: '\(String(repeating: "x", count: 17 << 10))'}",
        "namespace: A",
        "namespace: [a]",
        "creationTimestamp: yesterday",
        "creationTimestamp: '2026-13-01T00:00:00Z'",
        "generateName: a",
        "lables: {}",
    ]

    @Test(arguments: metadata)
    func metadataIsChecked(_ metadata: String) {
        let file = self.read(Documents.document(.authorizationPolicy, spec: "", metadata: metadata))
        #expect(self.codes(file) == [.badMetadata])
        #expect(file.resources.isEmpty)
    }

    @Test(arguments: ["", "A", "-a", "a..b", "a_b", String(repeating: "a", count: 254), "[]", "1"])
    func namesAreChecked(_ name: String) {
        let text = "apiVersion: v1\nkind: Namespace\nmetadata: {name: \(name)}"
        #expect(self.codes(self.read(text)).contains(.badMetadata))
    }

    @Test func headsAreChecked() {
        #expect(self.codes(self.read("a")) == [.wrongType])
        #expect(self.codes(self.read("[]")) == [.wrongType])
        #expect(self.codes(self.read("apiVersion: v1")) == [.unknownKind])
        #expect(self.codes(self.read("apiVersion: v1\nkind: Pod\nmetadata: {name: a}")) == [.unknownKind])
        #expect(self.codes(self.read("apiVersion: v2\nkind: Namespace\nmetadata: {name: a}")) == [.unknownVersion])
        #expect(self.codes(self.read("kind: Namespace\nmetadata: {name: a}")) == [.unknownVersion])
        #expect(self.codes(self.read("apiVersion: v1\nkind: Namespace")) == [.badMetadata])
        #expect(
            self.codes(self.read("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\ndata: 1")) == [.unknownField]
        )
        let other = "apiVersion: tulle.mesh/v1alpha1\nkind: MeshConfig\nmetadata: {name: other}"
        #expect(self.codes(self.read(other)) == [.badMetadata])
        let hint = self.read("apiVersion: v1\nkind: Namespaces\nmetadata: {name: a}").allDiagnostics.first?.reason
        #expect(hint?.contains("did you mean Namespace?") == true)
    }

    @Test func policiesAreBounded() {
        func policy(_ rules: Int) -> ReadFile {
            self.read(
                Documents.document(.authorizationPolicy, spec: "rules: [\(String(repeating: "{},", count: rules))]")
            )
        }
        #expect(self.codes(policy(10_000)) == [.tooManyValues])
        #expect(self.codes(policy(1_001)) == [.tooManyValues])
        #expect(policy(1_000).resources.count == 1)
        let values = Array(repeating: "a", count: 4_097).joined(separator: ",")
        let spec = "rules: [{from: [{source: {namespaces: [\(values)]}}]}]"
        #expect(self.codes(self.read(Documents.document(.authorizationPolicy, spec: spec))) == [.tooManyValues])
    }

    @Test func diagnosticsOfADocumentAreBounded() throws {
        let fields = (0..<1000).map { "f\($0): 1" }.joined(separator: "\n")
        let file = self.read(Documents.document(.peerAuthentication, spec: fields))
        #expect(file.allDiagnostics.count == 65)
        #expect(file.allDiagnostics.last?.code == .tooManyDiagnostics)
        #expect(file.allDiagnostics.last?.reason.contains("936") == true)
    }

    @Test func manyFaultsCostLittle() {
        let fields = (0..<50_000).map { "selektor\($0): 1" }.joined(separator: "\n")
        #expect(self.read(Documents.document(.peerAuthentication, spec: fields)).allDiagnostics.count == 65)
        let words = Array(repeating: "{mode: STRIKT}", count: 4000).enumerated().map {
            "\($0.offset + 1): \($0.element)"
        }
        let spec = "selector: {matchLabels: {a: b}}\nportLevelMtls: {\(words.joined(separator: ", "))}"
        #expect(self.read(Documents.document(.peerAuthentication, spec: spec)).allDiagnostics.count == 65)
    }

    @Test func messagesHoldNoControlCharactersAndNoWholeInput() {
        let name = String(repeating: "\\u0007", count: 10) + String(repeating: "x", count: 100_000)
        let file = self.read("apiVersion: v1\nkind: \"\(name)\"")
        for diagnostic in file.allDiagnostics {
            #expect(diagnostic.description.utf8.count < 1500)
            #expect(!diagnostic.description.utf8.contains(7))
        }
        #expect(!file.allDiagnostics.isEmpty)
    }

    @Test func listsAreTaken() {
        let text = """
            apiVersion: v1
            kind: List
            metadata: {resourceVersion: ""}
            items:
              - {apiVersion: v1, kind: Namespace, metadata: {name: a}}
              - {apiVersion: v1, kind: Namespace, metadata: {name: B}}
              - {apiVersion: v1, kind: Namespace, metadata: {name: c, namespace: default}}
              - 1
            """
        let file = self.read(text)
        #expect(file.resources.map(\.metadata.name) == ["a", "c"])
        #expect(file.documents.map(\.index) == [0, 1, 2, 3])
        #expect(file.resources.map(\.origin.line) == [5, 7])
        #expect(self.codes(file) == [.badMetadata, .wrongType])
        #expect(self.codes(self.read("apiVersion: v1\nkind: List\nitems: 1")) == [.missingField])
    }

    @Test func jsonIsTaken() {
        let text = #"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "labels": {"x": "yé"}}}"#
        #expect(self.codes(self.read(text)) == [.badMetadata])
        let good = "{\n\t\"apiVersion\": \"v1\", \"kind\": \"Namespace\",\n\t\"metadata\": {\"name\": \"a\"}\n}\n"
        #expect(self.read(good).resources.count == 1)
    }
}
