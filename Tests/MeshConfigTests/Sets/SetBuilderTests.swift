import MeshConfig
import Testing

@Suite struct SetBuilderTests {
    private func policy(_ name: String, _ spec: String = "action: ALLOW") -> String {
        "---\n" + Documents.document(.authorizationPolicy, spec: spec, name: name)
    }

    private func key(_ name: String) -> ResourceKey {
        ResourceKey(kind: .authorizationPolicy, namespace: "default", name: name)
    }

    private func build(
        _ files: [String: String],
        after previous: ConfigurationSet = .empty,
        now: Int64 = 1000,
        limits: ConfigurationLimits = .standard
    ) -> ConfigurationSet {
        let reader = ConfigurationReader(limits: limits)
        return SetBuilder.build(
            files.map { reader.read($0.value, path: $0.key) },
            previous: previous,
            now: now,
            limits: limits
        )
    }

    private func names(_ set: ConfigurationSet) -> [String] { set.resources.map(\.metadata.name) }

    @Test func mergesFilesInOrderOfPathAndSortsByKey() {
        let set = self.build(["b.yaml": self.policy("a"), "a.yaml": self.policy("c") + self.policy("b")])
        #expect(self.names(set) == ["a", "b", "c"])
        #expect(set.entries.map(\.file) == ["a.yaml", "a.yaml", "b.yaml"])
        #expect(set.diagnostics.isEmpty)
        #expect(set[self.key("b")]?.origin == ResourceOrigin(file: "a.yaml", line: 9))
        #expect(set[self.key("z")] == nil)
    }

    @Test func theFirstOfTwoIsInForceAndBothPlacesAreNamed() throws {
        let set = self.build([
            "a.yaml": self.policy("x"), "b.yaml": self.policy("x", "rules: [{}]"),
        ])
        #expect(set.resources.count == 1)
        #expect(set.resources.first?.origin.file == "a.yaml")
        let fault = try #require(set.diagnostics.first)
        #expect(fault.code == .duplicateResource)
        #expect(fault.place == .file("b.yaml", line: 2))
        #expect(fault.reason.contains("a.yaml:2"))
        // The second takes over once the first is gone.
        let next = self.build(["b.yaml": self.policy("x", "rules: [{}]")], after: set)
        #expect(next.resources.first?.origin.file == "b.yaml")
        #expect(next.change(from: set).changed == [self.key("x")])
    }

    @Test func aDocumentThatTurnsBadKeepsItsLastGoodVersion() throws {
        let first = self.build(["a.yaml": self.policy("x", "rules: [{}]") + self.policy("y")])
        let bad = self.build(["a.yaml": self.policy("x", "rulez: [{}]") + self.policy("y")], after: first)
        #expect(bad.resources == first.resources)
        #expect(bad.change(from: first).isEmpty)
        let entry = try #require(bad.entries.first)
        #expect(entry.status == .lastGood)
        #expect(entry.diagnostics.map(\.code) == [.unknownField, .lastGood])
        #expect(entry.resource?.spec == first.resources.first?.spec)
        // Through several bad versions, until it is mended or removed.
        let worse = self.build(["a.yaml": self.policy("x", "action: NO") + self.policy("y")], after: bad)
        #expect(worse.resources == first.resources)
        let mended = self.build(
            ["a.yaml": self.policy("x", "action: AUDIT\nrules: [{}]") + self.policy("y")],
            after: worse
        )
        #expect(mended.change(from: worse).changed == [self.key("x")])
        let removed = self.build(["a.yaml": self.policy("y")], after: worse)
        #expect(removed.change(from: worse).removed == [self.key("x")])
    }

    @Test func aDocumentThatWasNeverGoodIsRefused() {
        let set = self.build(["a.yaml": self.policy("x", "action: NO") + self.policy("y")])
        #expect(self.names(set) == ["y"])
        #expect(set.entries.map(\.status) == [.refused, .accepted])
    }

    @Test func aDocumentThatIsNoYAMLKeepsWhatStoodAtItsPlace() throws {
        let first = self.build(["a.yaml": self.policy("x") + self.policy("y") + self.policy("z")])
        let broken = self.policy("y").replacing("metadata:", with: "metadata: [")
        let bad = self.build(["a.yaml": self.policy("x") + broken + self.policy("z")], after: first)
        #expect(self.names(bad) == ["x", "y", "z"])
        #expect(bad.entries.map(\.status) == [.accepted, .lastGood, .accepted])
        #expect(bad.entries[1].key == self.key("y"))
        // A new document before it shifts it; the text tells.
        let shifted = self.build(
            ["a.yaml": self.policy("w") + self.policy("x") + broken + self.policy("z")],
            after: bad
        )
        #expect(self.names(shifted) == ["w", "x", "y", "z"])
        // Its neighbour may go while it is broken.
        let less = self.build(["a.yaml": broken + self.policy("z")], after: shifted)
        #expect(self.names(less) == ["y", "z"])
        // And it goes when it is removed.
        #expect(self.names(self.build(["a.yaml": self.policy("z")], after: less)) == ["z"])
        // Or with its file.
        #expect(self.build([:], after: less).resources.isEmpty)
    }

    @Test func aNewBrokenDocumentAmongRemovedOnesKeepsTheNearest() {
        let first = self.build(["a.yaml": (0..<5).map { self.policy("p\($0)") }.joined()])
        let bad = self.build(["a.yaml": self.policy("p0") + "---\nkind: [\n---\n" + self.policy("p4")], after: first)
        #expect(self.names(bad) == ["p0", "p1", "p4"])
    }

    @Test func aBrokenDocumentThatNeverKeptAnythingKeepsNothingLater() {
        let broken = "---\nkind: [\n"
        let first = self.build(["a.yaml": broken + self.policy("x")])
        #expect(self.names(first) == ["x"])
        // Removing a resource works although the file has a broken document.
        #expect(self.build(["a.yaml": broken], after: first).resources.isEmpty)
    }

    @Test func aFileThatCantBeReadKeepsAll() {
        let first = self.build(["a.yaml": self.policy("x") + self.policy("y"), "b.yaml": self.policy("z")])
        let large = String(repeating: "#", count: 5 << 20)
        let bad = self.build(["a.yaml": large, "b.yaml": self.policy("z")], after: first)
        #expect(self.names(bad) == ["x", "y", "z"])
        #expect(bad.entries.filter { $0.file == "a.yaml" }.map(\.status) == [.lastGood, .lastGood])
        #expect(bad.diagnostics.contains { $0.code == .fileTooLarge })
        let still = self.build(["a.yaml": large, "b.yaml": self.policy("z")], after: bad)
        #expect(self.names(still) == ["x", "y", "z"])
        // What another file declares now has moved.
        let moved = self.build(
            ["a.yaml": large, "b.yaml": self.policy("z") + self.policy("x", "rules: [{}]")],
            after: still
        )
        #expect(moved[self.key("x")]?.origin.file == "b.yaml")
        #expect(self.names(moved) == ["x", "y", "z"])
    }

    @Test func aGoodDocumentElsewhereWinsOverABadNewOne() {
        let first = self.build(["b.yaml": self.policy("x")])
        let next = self.build(["a.yaml": self.policy("x", "nope: 1"), "b.yaml": self.policy("x")], after: first)
        #expect(next[self.key("x")]?.origin.file == "b.yaml")
        #expect(next.entries.map(\.status) == [.refused, .accepted])
    }

    @Test func whoHoldsAKeyWhenOneOfTwoDocumentsIsBad() {
        // The holder's file breaks: its last good version stays, the duplicate does not take over.
        let first = self.build(["a.yaml": self.policy("x"), "b.yaml": self.policy("x", "rules: [{}]")])
        let broken = self.build(
            ["a.yaml": self.policy("x", "no: 1"), "b.yaml": self.policy("x", "rules: [{}]")],
            after: first
        )
        #expect(broken.resources == first.resources)
        #expect(broken.entries.map(\.status) == [.lastGood, .refused])
        // In one file a good document comes before a bad one, wherever that stands.
        let one = self.build(["a.yaml": self.policy("x")])
        let two = self.build(["a.yaml": self.policy("x", "no: 1") + self.policy("x", "rules: [{}]")], after: one)
        #expect(two.entries.map(\.status) == [.refused, .accepted])
    }

    @Test func aSelectorInTheRootNamespaceIsWarnedOf() {
        let spec = "selector: {matchLabels: {a: b}}\nmtls: {mode: STRICT}"
        let policy = Documents.document(.peerAuthentication, spec: spec, metadata: "namespace: mesh-root")
        let mesh = Documents.document(.meshConfig, spec: "rootNamespace: mesh-root")
        #expect(self.build(["a.yaml": policy]).diagnostics.isEmpty)
        #expect(self.build(["a.yaml": policy, "b.yaml": mesh]).diagnostics.map(\.code) == [.noEffect])
    }

    @Test func theTimeOfCreationStaysOverEdits() {
        let first = self.build(["a.yaml": self.policy("x")], now: 100)
        #expect(first.resources.first?.metadata.created == 100)
        let edited = self.build(["a.yaml": self.policy("x", "rules: [{}]")], after: first, now: 200)
        #expect(edited.resources.first?.metadata.created == 100)
        #expect(edited.firstSeen == [self.key("x"): 100])
        // A restart: the caller kept `firstSeen`.
        let file = ConfigurationReader().read(self.policy("x"), path: "a.yaml")
        let restarted = SetBuilder.build([file], previous: .empty, firstSeen: edited.firstSeen, now: 300)
        #expect(restarted.resources.first?.metadata.created == 100)
        // What was removed is forgotten.
        let gone = self.build([:], after: edited, now: 400)
        #expect(gone.firstSeen.isEmpty)
        #expect(
            self.build(["a.yaml": self.policy("x")], after: gone, now: 500).resources.first?.metadata.created == 500
        )
    }

    @Test func aWrittenCreationTimestampCounts() {
        let text = Documents.document(
            .authorizationPolicy,
            spec: "",
            metadata:
                "creationTimestamp: \"2026-01-31T12:00:00Z\"\nuid: a\nresourceVersion: '1'\nmanagedFields: [{a: 1}]"
        )
        let set = self.build(["a.yaml": text + "status: {a: b}\n"])
        #expect(set.diagnostics.isEmpty)
        #expect(set.resources.first?.metadata.created == 1_769_860_800)
    }

    @Test func thousandsOfBrokenDocumentsCostLittle() {
        let count = 2000
        let first = self.build(["a.yaml": (0..<count).map { self.policy("p\($0)") }.joined()])
        let clock = ContinuousClock()
        let start = clock.now
        let bad = self.build(["a.yaml": (0..<count).map { "---\nkind: [\($0)\n" }.joined()], after: first)
        #expect(bad.resources.count == count)
        let worse = self.build(["a.yaml": (0..<count).map { self.policy("p\($0)", "no: 1") }.joined()], after: bad)
        #expect(worse.resources.count == count)
        #expect(clock.now - start < .seconds(30))
    }

    @Test func resourcesAreBounded() {
        var limits = ConfigurationLimits()
        limits.resources = 2
        let set = self.build(["a.yaml": self.policy("x") + self.policy("y") + self.policy("z")], limits: limits)
        #expect(self.names(set) == ["x", "y"])
        #expect(set.diagnostics.map(\.code) == [.tooManyResources])
    }

    @Test func changesTellWhatDiffers() {
        let first = self.build(["a.yaml": self.policy("x") + self.policy("y")])
        let next = self.build(["a.yaml": "# moved\n\n" + self.policy("y") + self.policy("z")], after: first)
        let change = next.change(from: first)
        #expect(change.added == [self.key("z")])
        #expect(change.removed == [self.key("x")])
        #expect(change.changed.isEmpty, "moving a document is no change")
    }
}
