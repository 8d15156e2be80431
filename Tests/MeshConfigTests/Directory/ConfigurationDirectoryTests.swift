import Foundation
import Testing

@testable import MeshConfig

@Suite struct ConfigurationDirectoryTests {
    private func namespace(_ name: String, label: String = "a") -> String {
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: \(name), labels: {l: \(label)}}\n"
    }

    private func directory(
        _ path: String,
        limits: ConfigurationLimits = .standard,
        timing: DirectoryTiming = DirectoryTiming()
    ) -> ConfigurationDirectory {
        var timing = timing
        timing.blindPoll = .milliseconds(50)
        return ConfigurationDirectory(path: path, limits: limits, timing: timing, now: { 1000 })
    }

    private func names(_ set: ConfigurationSet) -> [String] { set.resources.map(\.metadata.name) }

    /// Runs a watch, and waits for a set that fits, ten seconds at most.
    private func watching(
        _ directory: ConfigurationDirectory,
        _ body: (_ wait: (String, (ConfigurationSet) -> Bool) async throws -> Void) async throws -> Void
    ) async throws {
        let running = Task { await directory.run() }
        defer { running.cancel() }
        try await body { what, fits in
            let clock = ContinuousClock()
            let end = clock.now + .seconds(10)
            while !fits(directory.current) {
                try #require(clock.now < end, "\(what): \(directory.current.diagnostics)")
                try await clock.sleep(for: .milliseconds(5))
            }
        }
        running.cancel()
        await running.value
    }

    @Test func readsFilesOfAllFolders() throws {
        let temporary = try TemporaryDirectory()
        try temporary.write(self.namespace("a"), to: "a.yaml")
        try temporary.write(self.namespace("b"), to: "x/y/b.yml")
        try temporary.write(#"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "c"}}"#, to: "x/c.json")
        try temporary.write(self.namespace("d"), to: "d.txt")
        try temporary.write(self.namespace("e"), to: ".e.yaml")
        try temporary.write(self.namespace("f"), to: ".git/f.yaml")
        let set = self.directory(temporary.path).load()
        #expect(self.names(set) == ["a", "b", "c"])
        #expect(set.entries.map(\.file) == ["a.yaml", "x/c.json", "x/y/b.yml"])
        #expect(set.diagnostics.isEmpty)
    }

    @Test func followsLinksOnlyInside() throws {
        let outside = try TemporaryDirectory()
        try outside.write(self.namespace("out"), to: "out.yaml")
        let temporary = try TemporaryDirectory()
        try temporary.write(self.namespace("in"), to: "..2026_01_31/in.yaml")
        try temporary.write(self.namespace("deep"), to: "..2026_01_31/folder/deep.yaml")
        try temporary.link("..data", to: "..2026_01_31")
        try temporary.link("in.yaml", to: "..data/in.yaml")
        try temporary.link("folder", to: "..data/folder")
        try temporary.link("out.yaml", to: "\(outside.path)/out.yaml")
        try temporary.link("outside", to: outside.path)
        try temporary.link("loop", to: ".")
        try temporary.link("gone.yaml", to: "nowhere.yaml")
        let set = self.directory(temporary.path).load()
        #expect(self.names(set) == ["deep", "in"])
        #expect(set.diagnostics.map(\.code) == [.fileUnreadable, .fileUnreadable])
        #expect(set.diagnostics.allSatisfy { $0.severity == .warning && $0.reason.contains("link out of") })
    }

    @Test func pipesAndOtherOddFilesBlockNothing() throws {
        let temporary = try TemporaryDirectory()
        #expect(mkfifo("\(temporary.path)/pipe.yaml", 0o644) == 0)
        try temporary.write(self.namespace("a"), to: "folder.yaml/a.yaml")
        #expect(self.names(self.directory(temporary.path).load()) == ["a"])
    }

    @Test func onlyChangedFilesAreReadAgain() async throws {
        let temporary = try TemporaryDirectory()
        for number in 0..<5 { try temporary.write(self.namespace("n\(number)"), to: "\(number).yaml") }
        let directory = self.directory(temporary.path)
        // A file counts as known once it is older than the clock's grain.
        let clock = ContinuousClock()
        let end = clock.now + .seconds(10)
        var before = directory.readCount
        repeat {
            before = directory.readCount
            directory.load()
            try #require(clock.now < end)
            try await clock.sleep(for: .milliseconds(20))
        } while directory.readCount != before
        try temporary.write(self.namespace("n3", label: "b"), to: "3.yaml")
        let set = directory.load()
        #expect(directory.readCount == before + 1)
        #expect(set.resources[3].metadata.labels == ["l": "b"])
    }

    @Test func filesAndFoldersAreBounded() throws {
        let temporary = try TemporaryDirectory()
        var limits = ConfigurationLimits()
        limits.files = 3
        limits.folderDepth = 2
        for number in 0..<5 { try temporary.write(self.namespace("n\(number)"), to: "\(number).yaml") }
        try temporary.write(self.namespace("deep"), to: "x/y/deep.yaml")
        let set = self.directory(temporary.path, limits: limits).load()
        #expect(self.names(set) == ["n0", "n1", "n2"])
        #expect(Set(set.diagnostics.map(\.code)) == [.tooManyFiles])
        #expect(set.diagnostics.count == 2)
        limits = ConfigurationLimits()
        limits.directoryBytes = 150
        let small = self.directory(temporary.path, limits: limits).load()
        #expect(self.names(small) == ["n0", "n1"])
        #expect(small.diagnostics.contains { $0.code == .fileTooLarge })
    }

    @Test func changesAreSeen() async throws {
        let temporary = try TemporaryDirectory()
        try temporary.write(self.namespace("a"), to: "a.yaml")
        let directory = self.directory(temporary.path)
        try await self.watching(directory) { wait in
            try await wait("the start") { self.names($0) == ["a"] }
            try temporary.write(self.namespace("b"), to: "b.yaml")
            try await wait("a new file") { self.names($0) == ["a", "b"] }
            try temporary.write(self.namespace("c"), to: "new/folder/c.yaml")
            try await wait("a new folder") { self.names($0) == ["a", "b", "c"] }
            try temporary.write(self.namespace("c", label: "z"), to: "new/folder/c.yaml")
            try await wait("a change in it") { $0.resources.last?.metadata.labels == ["l": "z"] }
            try temporary.write("kind: [", to: "b.yaml")
            try await wait("a broken file") { $0.entries.contains { $0.status == .lastGood } }
            #expect(self.names(directory.current) == ["a", "b", "c"])
            try temporary.remove("new")
            try await wait("a removed folder") { self.names($0) == ["a", "b"] }
            try temporary.remove("b.yaml")
            try await wait("a removed file") { self.names($0) == ["a"] }
            #expect(rename("\(temporary.path)/a.yaml", "\(temporary.path)/z.yaml") == 0)
            try await wait("a renamed file") { $0.entries.map(\.file) == ["z.yaml"] }
        }
    }

    @Test func theSwapOfAConfigMapIsSeen() async throws {
        let temporary = try TemporaryDirectory()
        try temporary.write(self.namespace("a"), to: "..one/a.yaml")
        try temporary.link("..data", to: "..one")
        try temporary.link("a.yaml", to: "..data/a.yaml")
        let directory = self.directory(temporary.path)
        try await self.watching(directory) { wait in
            try await wait("the start") { self.names($0) == ["a"] }
            try temporary.write(self.namespace("b"), to: "..two/a.yaml")
            try temporary.link("..data_tmp", to: "..two")
            #expect(rename("\(temporary.path)/..data_tmp", "\(temporary.path)/..data") == 0)
            try await wait("the swap") { self.names($0) == ["b"] }
        }
    }

    /// The folder behind the links is not watched, as it is hidden: only the slow look finds what changes in it.
    @Test func whatNoEventTellsIsFoundByTheSlowLook() async throws {
        let temporary = try TemporaryDirectory()
        try temporary.write(self.namespace("a"), to: "..one/a.yaml")
        try temporary.link("a.yaml", to: "..one/a.yaml")
        var timing = DirectoryTiming()
        timing.poll = .milliseconds(50)
        let directory = self.directory(temporary.path, timing: timing)
        try await self.watching(directory) { wait in
            try await wait("the start") { self.names($0) == ["a"] }
            try temporary.write(self.namespace("b"), to: "..one/a.yaml")
            try await wait("the change") { self.names($0) == ["b"] }
        }
    }

    @Test func aFileThatIsBeingWrittenIsReadOnce() async throws {
        let temporary = try TemporaryDirectory()
        var timing = DirectoryTiming()
        timing.quiet = .seconds(1)
        timing.longest = .seconds(60)
        let directory = self.directory(temporary.path, timing: timing)
        try await self.watching(directory) { wait in
            try temporary.write("", to: "a.yaml")
            let file = try #require(FileHandle(forWritingAtPath: "\(temporary.path)/a.yaml"))
            for number in 0..<50 {
                try file.write(contentsOf: Data("---\n\(self.namespace("n\(number)"))".utf8))
                await Task.yield()
            }
            try file.close()
            try await wait("the whole file") { $0.resources.count == 50 }
            // Fifty writes are no fifty readings. How many depends on how long the machine stalls between them.
            #expect(directory.readCount < 10)
        }
    }

    @Test func aVanishedDirectoryKeepsTheLastSet() async throws {
        let parent = try TemporaryDirectory()
        try parent.write(self.namespace("a"), to: "conf/a.yaml")
        let directory = self.directory("\(parent.path)/conf")
        try await self.watching(directory) { wait in
            try await wait("the start") { self.names($0) == ["a"] }
            #expect(rename("\(parent.path)/conf", "\(parent.path)/away") == 0)
            try await wait("the loss") { $0.diagnostics.map(\.code) == [.directoryUnreadable] }
            #expect(self.names(directory.current) == ["a"])
            #expect(rename("\(parent.path)/away", "\(parent.path)/conf") == 0)
            try await wait("the return") { $0.diagnostics.isEmpty }
            #expect(self.names(directory.current) == ["a"])
            try parent.write(self.namespace("b"), to: "conf/b.yaml")
            try await wait("changes after it") { self.names($0) == ["a", "b"] }
        }
    }

    @Test func slowReadersGetTheNewestSet() async throws {
        let temporary = try TemporaryDirectory()
        let directory = self.directory(temporary.path)
        for number in 0..<5 {
            try temporary.write(self.namespace("n\(number)"), to: "\(number).yaml")
            directory.load()
        }
        let running = Task { await directory.run() }
        running.cancel()
        await running.value
        var sets: [ConfigurationSet] = []
        for await set in directory.sets { sets.append(set) }
        #expect(sets.map(\.resources.count) == [5])
    }

    @Test func theSameSetIsToldOnce() async throws {
        let temporary = try TemporaryDirectory()
        try temporary.write(self.namespace("a"), to: "a.yaml")
        let directory = self.directory(temporary.path)
        directory.load()
        var sets = directory.sets.makeAsyncIterator()
        #expect(await sets.next()?.resources.count == 1)
        directory.load()
        try temporary.write(self.namespace("b"), to: "b.yaml")
        directory.load()
        #expect(await sets.next()?.resources.count == 2)
    }

    @Test func timesOfCreationOutliveARestartButNotARemoval() throws {
        let temporary = try TemporaryDirectory()
        try temporary.write(self.namespace("a"), to: "a.yaml")
        let key = ResourceKey(kind: .namespace, namespace: "", name: "a")
        let directory = ConfigurationDirectory(path: temporary.path, firstSeen: [key: 7], now: { 1000 })
        #expect(directory.load().resources.first?.metadata.created == 7)
        try temporary.remove("a.yaml")
        #expect(directory.load().firstSeen.isEmpty)
        try temporary.write(self.namespace("a"), to: "a.yaml")
        #expect(directory.load().resources.first?.metadata.created == 1000)
    }

    @Test func onlyEventsThatMayMatterMatter() {
        func event(_ mask: UInt32, _ name: String) -> [UInt8] {
            let padded = Array(name.utf8) + [UInt8](repeating: 0, count: name.isEmpty ? 0 : 16 - name.utf8.count)
            let words: [UInt32] = [1, mask, 0, UInt32(padded.count)]
            return words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } } + padded
        }
        let hidden = event(UInt32(IN_CREATE), ".a.yaml.swp")
        #expect(!DirectoryWatch.matters(hidden[...]))
        #expect(DirectoryWatch.matters((hidden + event(UInt32(IN_MODIFY), "a.yaml"))[...]))
        #expect(DirectoryWatch.matters(event(UInt32(IN_MOVED_TO), "..data")[...]))
        #expect(DirectoryWatch.matters(event(UInt32(IN_DELETE_SELF), "")[...]), "the folder itself")
        #expect(DirectoryWatch.matters(event(UInt32(IN_Q_OVERFLOW), "")[...]), "events were lost")
        // Whatever the kernel gives, nothing traps.
        for count in 0..<hidden.count { #expect(DirectoryWatch.matters(hidden[..<count]) == (count == 16)) }
        #expect(!DirectoryWatch.matters([]))
    }

    @Test func thePaceFollowsEvents() {
        let start = ContinuousClock().now
        var pacer = DirectoryPacer(timing: DirectoryTiming(), now: start)
        #expect(pacer.due == start + .seconds(30))
        pacer.changed(at: start + .seconds(1))
        #expect(pacer.due == start + .milliseconds(1100))
        // Under constant changes: at the latest a second after the first.
        for tenth in 1...20 { pacer.changed(at: start + .seconds(1) + .milliseconds(50 * tenth)) }
        #expect(pacer.due == start + .seconds(2))
        pacer.looked(at: start + .seconds(2), isBlind: false, isUnsettled: false)
        #expect(pacer.due == start + .seconds(32))
        pacer.looked(at: start + .seconds(3), isBlind: true, isUnsettled: false)
        #expect(pacer.due == start + .seconds(5))
        pacer.looked(at: start + .seconds(4), isBlind: false, isUnsettled: true)
        #expect(pacer.due == start + .milliseconds(4100))
    }
}
