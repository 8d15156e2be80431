import Foundation
import Synchronization
import Testing

@testable import MeshConfig

/// Last good versions outlive a restart.
@Suite struct LastGoodFilesTests {
    private let conf: TemporaryDirectory
    private let kept: TemporaryDirectory
    private let mirror: String
    private let failing: FailingCalls

    init() throws {
        self.conf = try TemporaryDirectory()
        self.kept = try TemporaryDirectory()
        self.mirror = "\(self.kept.path)/last-good"
        self.failing = try FailingCalls(root: self.conf.path)
    }

    private func policy(_ name: String, _ spec: String = "action: DENY\nrules: [{}]") -> String {
        Documents.document(.authorizationPolicy, spec: spec, name: name)
    }

    private let bad = "action: [\n"

    /// As after a start of the program.
    private func started(
        onFault: @escaping @Sendable (ConfigurationDiagnostic) -> Void = { fault in Issue.record("\(fault)") }
    ) -> ConfigurationDirectory {
        ConfigurationDirectory(
            path: self.conf.path,
            limits: .standard,
            timing: DirectoryTiming(),
            firstSeen: [:],
            lastGood: LastGoodFiles(directory: self.mirror),
            calls: self.failing.calls,
            now: { 1000 },
            onFault: onFault
        )
    }

    private func names(_ set: ConfigurationSet) -> [String] { set.resources.map(\.metadata.name) }

    private func files() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: self.mirror).sorted()
    }

    @Test func aDocumentThatIsBadAtTheStartKeepsItsLastGoodVersion() throws {
        try self.conf.write("\n" + self.policy("deny") + "---\n" + self.policy("other"), to: "a.yaml")
        let before = self.started().load()
        #expect(self.names(before) == ["deny", "other"])
        // Its key can be read, but nothing else of it.
        try self.conf.write(self.policy("deny", "rulez: []") + "---\n" + self.policy("other"), to: "a.yaml")
        for _ in 0..<3 {
            let set = self.started().load()
            #expect(set.resources.first == before.resources.first, "the place and the time as well")
            #expect(set.entries.map(\.status) == [.lastGood, .accepted])
        }
        try self.conf.write(self.policy("deny", "action: ALLOW"), to: "a.yaml")
        let mended = self.started().load()
        #expect(mended.entries.map(\.status) == [.accepted])
        #expect(try self.files() == ["AuthorizationPolicy.default.deny.yaml"])
        #expect(try self.kept.text(of: "last-good/AuthorizationPolicy.default.deny.yaml").contains("action: ALLOW"))
    }

    @Test func aDocumentWithoutAKeyKeepsWhatStoodAtItsPlace() throws {
        try self.conf.write(["x", "y", "z"].map { self.policy($0) }.joined(separator: "---\n"), to: "f/a%\nb.yaml")
        self.started().load()
        try self.conf.write(
            [self.policy("x"), self.bad, self.policy("z")].joined(separator: "---\n"),
            to: "f/a%\nb.yaml"
        )
        let set = self.started().load()
        #expect(set.entries.map(\.key?.name) == ["x", "y", "z"])
        #expect(set.entries.map(\.status) == [.accepted, .lastGood, .accepted])
        #expect(set.entries[1].file == "f/a%\nb.yaml")
        // The same broken text keeps the same resource over one more restart, wherever it stands.
        try self.conf.write("---\n" + self.bad, to: "f/a%\nb.yaml")
        #expect(self.started().load().entries.map(\.key?.name) == ["y"])
    }

    @Test func whatNoFileDeclaresIsNotInForce() throws {
        try self.conf.write(self.policy("x"), to: "a.yaml")
        try self.conf.write(self.policy("y"), to: "b.yaml")
        let first = self.started()
        first.load()
        #expect(try self.files().count == 2)
        // Removed while the program runs, and while it does not.
        try self.conf.remove("a.yaml")
        first.load()
        #expect(try self.files() == ["AuthorizationPolicy.default.y.yaml"])
        try self.conf.remove("b.yaml")
        let set = self.started().load()
        #expect(set.entries.isEmpty)
        #expect(try self.files().isEmpty)
    }

    @Test func whatCannotBeSeenAtTheStartStays() throws {
        try self.conf.write(self.policy("x"), to: "sub/a.yaml")
        self.started().load()
        self.failing.list("sub", fails: EACCES)
        #expect(self.names(self.started().load()) == ["x"])
        #expect(self.names(self.started().load()) == ["x"])
    }

    @Test func aShortageAtTheStartIsWaitedOut() throws {
        try self.conf.write(self.policy("x"), to: "a.yaml")
        self.started().load()
        try self.conf.write(self.bad, to: "a.yaml")
        let failing = try FailingCalls(root: self.mirror)
        var lastGood = LastGoodFiles(directory: self.mirror)
        lastGood.calls = failing.calls
        failing.list("", fails: EMFILE)
        let directory = ConfigurationDirectory(path: self.conf.path, lastGood: lastGood, now: { 1 })
        #expect(directory.load().fileDiagnostics.map(\.code) == [.directoryUnreadable])
        failing.list("", fails: nil)
        failing.read("AuthorizationPolicy.default.x.yaml", fails: ENFILE)
        #expect(directory.load().fileDiagnostics.map(\.code) == [.directoryUnreadable])
        failing.read("AuthorizationPolicy.default.x.yaml", fails: nil)
        #expect(self.names(directory.load()) == ["x"])
    }

    /// A directory that is missing at the start removes nothing, and nothing is told from memory alone.
    @Test func aMissingDirectoryLeavesTheFilesAlone() throws {
        try self.conf.write(self.policy("x"), to: "a.yaml")
        self.started().load()
        self.failing.list("", fails: ENOENT)
        let directory = self.started { _ in }
        #expect(directory.load().resources.isEmpty)
        #expect(try self.files().count == 1)
        try self.conf.write(self.bad, to: "a.yaml")
        self.failing.list("", fails: nil)
        #expect(self.names(directory.load()) == ["x"])
    }

    @Test func onlyWhatChangedIsWritten() throws {
        try self.conf.write(self.policy("x"), to: "a.yaml")
        try self.conf.write(self.policy("y"), to: "b.yaml")
        let directory = self.started()
        directory.load()
        func inode(_ name: String) throws -> UInt64 {
            FileVersion(try FileSystem.status("\(self.mirror)/AuthorizationPolicy.default.\(name).yaml")).inode
        }
        let before = (try inode("x"), try inode("y"))
        try self.conf.write(self.policy("x", "action: ALLOW"), to: "a.yaml")
        directory.load()
        self.started().load()
        #expect(try inode("y") == before.1)
        #expect(try self.kept.text(of: "last-good/AuthorizationPolicy.default.x.yaml").contains("action: ALLOW"))
        #expect(try FileSystem.status(self.mirror).st_mode & 0o777 == 0o700)
    }

    @Test func aDamagedFileIsToldAndIgnored() throws {
        for name in ["x", "y", "z"] { try self.conf.write(self.policy(name), to: "\(name).yaml") }
        self.started().load()
        func path(_ name: String) -> String { "last-good/AuthorizationPolicy.default.\(name).yaml" }
        // One byte of a policy, a file in another's place, and one that was never ours.
        let text = try self.kept.text(of: path("x"))
        try self.kept.write(text.replacingOccurrences(of: "DENY", with: "AUDIT"), to: path("x"))
        try self.kept.write(try self.kept.text(of: path("z")), to: path("y"))
        try self.kept.write(self.policy("w"), to: path("w"))
        for name in ["x", "y", "z"] { try self.conf.write(self.policy(name, "rulez: []"), to: "\(name).yaml") }
        let faults = Mutex<[ConfigurationDiagnostic]>([])
        let set = self.started { fault in faults.withLock { $0.append(fault) } }.load()
        #expect(self.names(set) == ["z"])
        let told = faults.withLock { $0 }
        #expect(told.map(\.code) == [.fileUnreadable, .fileUnreadable, .fileUnreadable])
        #expect(zip(told, ["w", "x", "y"]).allSatisfy { $0.reason.contains("default.\($1).yaml") })
    }

    @Test func whatCannotBeWrittenIsToldAndTriedAgain() throws {
        try self.conf.write(self.policy("x"), to: "a.yaml")
        // A file in the folder's place.
        try self.kept.write("", to: "last-good")
        let faults = Mutex<[ConfigurationDiagnostic]>([])
        let directory = self.started { fault in faults.withLock { $0.append(fault) } }
        #expect(self.names(directory.load()) == ["x"])
        directory.load()
        #expect(faults.withLock { $0.map(\.code) } == [.fileUnwritable], "told once")
        try self.kept.remove("last-good")
        directory.load()
        #expect(try self.files().count == 1)
    }

    /// Every kind comes back as it was, as a document and as an item of a list.
    @Test func everyGoodDocumentComesBackAsItWas() throws {
        var items: [String] = []
        for (number, (kind, spec)) in Documents.good.enumerated() {
            let name = kind == .meshConfig ? "default" : "n\(number)"
            let text = Documents.document(kind, spec: spec, name: name)
            try self.conf.write(text, to: "d\(number).yaml")
            guard kind != .meshConfig, kind != .namespace else { continue }
            let item = Documents.document(kind, spec: spec, name: "i\(number)").split(separator: "\n")
            items.append("  - " + item.joined(separator: "\n    "))
        }
        try self.conf.write("apiVersion: v1\nkind: List\nitems:\n\(items.joined(separator: "\n"))\n", to: "list.yaml")
        let before = self.started().load()
        #expect(before.resources.count > Documents.good.count)
        var files = LastGoodFiles(directory: self.mirror)
        let (set, faults) = try files.load()
        #expect(faults.isEmpty)
        #expect(set.resources.map(\.key) == before.resources.map(\.key))
        for (new, old) in zip(set.resources, before.resources) {
            #expect(new.spec == old.spec)
            #expect(new.origin == old.origin)
            #expect(new.metadata.labels == old.metadata.labels)
        }
        #expect(files.store(before).isEmpty)
    }

    @Test func manyFilesAreWrittenInOneGo() throws {
        let count = 200
        try self.conf.write((0..<count).map { self.policy("n\($0)") }.joined(separator: "---\n"), to: "a.yaml")
        self.started().load()
        #expect(try self.files().count == count)
        try self.conf.write(self.bad, to: "a.yaml")
        #expect(self.started().load().resources.count == 1, "one unreadable document keeps one")
    }

    /// Whatever stands in a file, reading it neither traps nor takes a changed one for whole.
    @Test func anyChangedByteIsSeen() throws {
        try self.conf.write(self.policy("x"), to: "a.yaml")
        self.started().load()
        let text = try self.kept.text(of: "last-good/AuthorizationPolicy.default.x.yaml")
        let bytes = Array(text.utf8)
        let whole = try #require(LastGoodFile(bytes))
        #expect(whole.bytes == bytes)
        for place in bytes.indices {
            var changed = bytes
            changed[place] ^= 1
            #expect(LastGoodFile(changed).map { $0 == whole } ?? true, "at \(place)")
            #expect(LastGoodFile(Array(bytes[..<place])) == nil)
        }
    }
}
