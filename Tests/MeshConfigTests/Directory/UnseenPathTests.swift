import Foundation
import Synchronization
import Testing

@testable import MeshConfig

/// What can't be looked at is not gone.
@Suite struct UnseenPathTests {
    private let temporary: TemporaryDirectory
    private let failing: FailingCalls

    init() throws {
        self.temporary = try TemporaryDirectory()
        self.failing = try FailingCalls(root: self.temporary.path)
        for name in ["a", "sub/b", "sub/deep/c", "subway/d"] {
            let last = name.split(separator: "/").last ?? ""
            try self.temporary.write(
                "apiVersion: v1\nkind: Namespace\nmetadata: {name: \(last)}\n",
                to: "\(name).yaml"
            )
        }
    }

    private func directory(
        limits: ConfigurationLimits = .standard,
        onFault: @escaping @Sendable (ConfigurationDiagnostic) -> Void = { _ in }
    ) -> ConfigurationDirectory {
        ConfigurationDirectory(
            path: self.temporary.path,
            limits: limits,
            timing: DirectoryTiming(),
            firstSeen: [:],
            lastGood: nil,
            calls: self.failing.calls,
            now: { 1000 },
            onFault: onFault
        )
    }

    private func names(_ set: ConfigurationSet) -> [String] { set.resources.map(\.metadata.name) }

    @Test(arguments: [EACCES, EMFILE, ENFILE, EIO, ESTALE, ELOOP])
    func aFolderThatCannotBeListedKeepsAllBelowIt(code: Int32) throws {
        let directory = self.directory()
        #expect(self.names(directory.load()) == ["a", "b", "c", "d"])
        self.failing.list("sub", fails: code)
        try self.temporary.remove("subway")
        let set = directory.load()
        #expect(self.names(set) == ["a", "b", "c"], "what is beside it is still seen to be gone")
        let fault = try #require(set.fileDiagnostics.first)
        #expect(fault.place == .file("sub", line: nil))
        #expect(fault.code == .directoryUnreadable)
        #expect(set.entries.filter { $0.status == .lastGood }.map(\.file) == ["sub/b.yaml", "sub/deep/c.yaml"])
        // As long as it lasts, and not longer.
        #expect(directory.load() == set)
        try self.temporary.remove("sub/deep")
        self.failing.list("sub", fails: nil)
        let after = directory.load()
        #expect(self.names(after) == ["a", "b"])
        #expect(after.diagnostics.isEmpty)
    }

    @Test(arguments: [ENOENT, ENOTDIR])
    func aFolderThatIsMissingIsGone(code: Int32) {
        let directory = self.directory()
        directory.load()
        self.failing.list("sub", fails: code)
        let set = directory.load()
        #expect(self.names(set) == ["a", "d"])
        #expect(set.diagnostics.isEmpty)
    }

    @Test func aPathThatCannotBeAskedForKeepsWhatItDeclared() {
        let directory = self.directory()
        directory.load()
        for path in ["a.yaml", "sub"] {
            self.failing.status(path, fails: EIO)
            let set = directory.load()
            #expect(self.names(set) == ["a", "b", "c", "d"])
            #expect(set.fileDiagnostics.map(\.place) == [.file(path, line: nil)])
            self.failing.status(path, fails: ENOENT)
            #expect(self.names(directory.load()) == (path == "sub" ? ["a", "d"] : ["b", "c", "d"]))
            self.failing.status(path, fails: nil)
            #expect(self.names(directory.load()) == ["a", "b", "c", "d"])
        }
    }

    /// As after `chmod 0644` of the directory by someone who is not root: names are listed, and nothing is behind them.
    @Test func aDirectoryThatMayNotBeSearchedKeepsTheLastSet() {
        let directory = self.directory()
        let before = directory.load()
        for name in ["a.yaml", "sub", "subway"] { self.failing.status(name, fails: EACCES) }
        let set = directory.load()
        #expect(set.resources == before.resources)
        #expect(set.diagnostics.map(\.code) == [.directoryUnreadable])
        #expect(set.entries.allSatisfy { $0.status == .accepted })
    }

    @Test func aLinkThatCannotBeFollowedKeepsWhatItDeclared() throws {
        try self.temporary.write("apiVersion: v1\nkind: Namespace\nmetadata: {name: l}\n", to: "..data/l.yaml")
        try self.temporary.link("l.yaml", to: "..data/l.yaml")
        let directory = self.directory()
        #expect(self.names(directory.load()).contains("l"))
        try self.temporary.remove("..data/l.yaml")
        try self.temporary.link("..data/l.yaml", to: "l.yaml")
        let set = directory.load()
        #expect(self.names(set).contains("l"), "a circle of links")
        #expect(set.fileDiagnostics.map(\.place) == [.file("l.yaml", line: nil)])
        try self.temporary.remove("..data/l.yaml")
        #expect(!self.names(directory.load()).contains("l"), "a link to nothing")
    }

    @Test func whatBoundsLeaveOutStays() throws {
        var limits = ConfigurationLimits()
        limits.folders = 4
        let directory = self.directory(limits: limits)
        #expect(self.names(directory.load()) == ["a", "b", "c", "d"])
        try self.temporary.write("", to: "early/e.yaml")
        let crowded = directory.load()
        #expect(self.names(crowded) == ["a", "b", "c", "d"])
        #expect(crowded.fileDiagnostics.map(\.code) == [.tooManyFiles])
        try self.temporary.remove("early")
        // More names in a folder than are listed, and more files than are remembered.
        limits.files = 2
        let small = self.directory(limits: limits)
        #expect(self.names(small.load()) == ["a", "b"])
        for number in 0..<6 { try self.temporary.write("", to: "0\(number).yaml") }
        for _ in 0..<2 { #expect(self.names(small.load()) == ["a", "b"]) }
    }

    @Test func nothingIsToldBeforeTheDirectoryWasRead() async throws {
        let faults = Mutex<[ConfigurationDiagnostic]>([])
        for name in ["a.yaml", "sub", "subway"] { self.failing.status(name, fails: EACCES) }
        let directory = self.directory { fault in faults.withLock { $0.append(fault) } }
        let first = directory.load()
        #expect(first.resources.isEmpty)
        #expect(first.diagnostics.map(\.code) == [.directoryUnreadable])
        #expect(directory.load() == first)
        #expect(faults.withLock { $0 } == first.diagnostics, "told once")
        for name in ["a.yaml", "sub", "subway"] { self.failing.status(name, fails: nil) }
        // A full table of open files hides a folder: still not the whole.
        self.failing.list("sub", fails: EMFILE)
        let second = directory.load()
        #expect(second.resources.isEmpty)
        #expect(second.diagnostics.first?.reason.contains("sub") == true)
        self.failing.list("sub", fails: nil)
        self.failing.read("sub/b.yaml", fails: EMFILE)
        #expect(directory.load().resources.isEmpty)
        self.failing.read("sub/b.yaml", fails: nil)
        #expect(self.names(directory.load()) == ["a", "b", "c", "d"])
        var sets = directory.sets.makeAsyncIterator()
        #expect(await sets.next() == directory.current, "the first set that is told is the first that was read")
        #expect(faults.withLock { $0.count } == 3)
        // What is not permitted stays so, and holds nothing up: a `lost+found`, say.
        self.failing.list("sub", fails: EACCES)
        #expect(self.names(self.directory().load()) == ["a", "d"])
    }

    @Test func aDirectoryThatComesLaterIsReadThen() async throws {
        let path = "\(self.temporary.path)/later"
        var timing = DirectoryTiming()
        timing.blindPoll = .milliseconds(20)
        let (faults, told) = AsyncStream.makeStream(of: ConfigurationDiagnostic.self)
        let directory = ConfigurationDirectory(path: path, timing: timing, now: { 1 }, onFault: { told.yield($0) })
        let running = Task { await directory.run() }
        var fault = faults.makeAsyncIterator()
        #expect(await fault.next()?.code == .directoryUnreadable)
        #expect(directory.current.diagnostics.count == 1)
        try self.temporary.write("apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n", to: "made/x.yaml")
        #expect(rename("\(self.temporary.path)/made", path) == 0)
        var sets = directory.sets.makeAsyncIterator()
        let set = try #require(await sets.next())
        #expect(self.names(set) == ["x"])
        #expect(set.diagnostics.isEmpty)
        running.cancel()
        await running.value
    }

    /// The system's own errors: a file in a folder's place, a circle, a name that is too long.
    @Test func theCallsTellWhyTheyFail() throws {
        let path = self.temporary.path
        try self.temporary.link("circle", to: "circle")
        func code(_ body: () throws -> Void) -> Int32? {
            do { try body() } catch { return (error as? FileSystem.Failure)?.code }
            return nil
        }
        #expect(code { _ = try FileSystem.names(in: "\(path)/a.yaml", limit: 1) } == ENOTDIR)
        #expect(code { _ = try FileSystem.status("\(path)/a.yaml/b") } == ENOTDIR)
        #expect(code { _ = try FileSystem.status("\(path)/nothing") } == ENOENT)
        #expect(code { _ = try FileSystem.realPath("\(path)/circle") } == ELOOP)
        #expect(code { _ = try FileSystem.status(path + "/" + String(repeating: "n", count: 300)) } == ENAMETOOLONG)
        #expect(code { _ = try FileSystem.read("\(path)/a.yaml/b", limit: 1) } == ENOTDIR)
        #expect(try FileSystem.names(in: path, limit: 10) == ["a.yaml", "circle", "sub", "subway"])
    }
}
