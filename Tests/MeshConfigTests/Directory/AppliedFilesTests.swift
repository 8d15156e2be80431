import Foundation
import MeshConfig
import Testing

@Suite struct AppliedFilesTests {
    private let temporary: TemporaryDirectory
    private let files: AppliedFiles
    private let directory: ConfigurationDirectory

    init() throws {
        self.temporary = try TemporaryDirectory()
        self.files = AppliedFiles(directory: self.temporary.path)
        self.directory = ConfigurationDirectory(path: self.temporary.path, now: { 1 })
    }

    private func policy(_ name: String, _ spec: String = "") -> String {
        Documents.document(.authorizationPolicy, spec: spec, name: name, metadata: "namespace: shop")
    }

    private func key(_ name: String) -> ResourceKey {
        ResourceKey(kind: .authorizationPolicy, namespace: "shop", name: name)
    }

    private func apply(_ text: String) throws(ConfigurationRefusal) -> [ResourceKey] {
        try self.files.apply(Array(text.utf8), over: self.directory.load()).keys
    }

    @Test func eachResourceGetsAFile() throws {
        let keys = try self.apply(
            "\(self.policy("a"))---\n{apiVersion: v1, kind: Namespace, metadata: {name: shop}}\n---\n\(self.policy("b"))"
        )
        #expect(keys == [self.key("a"), ResourceKey(kind: .namespace, namespace: "", name: "shop"), self.key("b")])
        let set = self.directory.load()
        #expect(
            set.entries.map(\.file) == [
                "applied/AuthorizationPolicy.shop.a.yaml", "applied/AuthorizationPolicy.shop.b.yaml",
                "applied/Namespace.shop.yaml",
            ]
        )
        #expect(set.diagnostics.isEmpty)
        // Again, changed: in place of the first.
        _ = try self.apply(self.policy("a", "rules: [{}]"))
        #expect(self.directory.load().change(from: set).changed == [self.key("a")])
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(self.temporary.path)/applied")
        #expect(names.allSatisfy { !$0.hasPrefix(".") }, "nothing temporary is left")
    }

    @Test func itemsOfListsAreWrittenToo() throws {
        let list = """
            apiVersion: v1
            kind: List
            items:
              - apiVersion: networking.istio.io/v1
                kind: WorkloadEntry
                metadata: {name: a, labels: {x: "1"}}
                spec: {address: 192.0.2.1, ports: {http: 80}}
            """
        _ = try self.apply(list)
        let resource = try #require(self.directory.load().resources.first)
        #expect(resource.metadata.labels == ["x": "1"])
        #expect(resource.spec == .workloadEntry(.init(address: "192.0.2.1", ports: ["http": 80])))
    }

    @Test func nothingIsWrittenWhenAnythingIsWrong() throws {
        for bad in ["kind: [", self.policy("b", "nope: 1"), self.policy("a"), ""] {
            let text = bad.isEmpty ? "# nothing" : "\(self.policy("a"))---\n\(bad)"
            #expect(throws: ConfigurationRefusal.self) { try self.apply(text) }
        }
        #expect(self.directory.load().entries.isEmpty)
    }

    @Test func handwrittenFilesAreLeftAlone() throws {
        try self.temporary.write("# mine\n\(self.policy("a"))", to: "mine.yaml")
        let refusal = #expect(throws: ConfigurationRefusal.self) { try self.apply(self.policy("a", "rules: [{}]")) }
        #expect(refusal?.diagnostics.map(\.code) == [.writtenByHand])
        #expect(refusal?.description.contains("mine.yaml:2") == true)
        #expect(throws: ConfigurationRefusal.self) { try self.files.delete(self.key("a"), from: self.directory.load()) }
        #expect(try self.temporary.text(of: "mine.yaml").hasPrefix("# mine"))
    }

    @Test func appliedResourcesCanBeRemoved() throws {
        _ = try self.apply(self.policy("a"))
        #expect(try self.files.delete(self.key("a"), from: self.directory.load()))
        #expect(try !self.files.delete(self.key("a"), from: self.directory.load()))
        #expect(self.directory.load().resources.isEmpty)
    }

    @Test func longNamesFitIntoFileNames() throws {
        let long = Array(repeating: String(repeating: "a", count: 60), count: 4).joined(separator: ".")
        let names = [long, long + "b"].map { AppliedFiles.fileName(self.key($0)) }
        #expect(names.allSatisfy { $0.utf8.count <= 255 })
        #expect(names[0] != names[1])
        _ = try self.apply(self.policy(long) + "---\n" + self.policy(long + "b"))
        #expect(self.directory.load().resources.count == 2)
        #expect(try self.files.delete(self.key(long), from: self.directory.load()))
    }

    @Test func aDirectoryThatCantBeWrittenIsSaid() {
        let files = AppliedFiles(directory: "\(self.temporary.path)/nowhere")
        let refusal = #expect(throws: ConfigurationRefusal.self) {
            try files.apply(Array(self.policy("a").utf8), over: .empty)
        }
        #expect(refusal?.diagnostics.map(\.code) == [.fileUnwritable])
    }
}
