import Glibc

/// Reads all files of a directory, and remembers what it read, so that only what changed is read again.
struct DirectoryScan {
    private struct Known {
        var version: FileVersion
        var file: ReadFile
    }

    /// What one pass found.
    struct Finding {
        var files: [ReadFile]
        /// Whether a file changed while it was read, so that another pass is needed.
        var isUnsettled: Bool
        /// Why something could not be looked at that a later pass may well see.
        var trouble: FileSystem.Failure?
    }

    /// A version counts as known only when nothing can have changed since within the clock's grain.
    private static let grain: Int64 = 100_000_000

    private let path: String
    private let limits: ConfigurationLimits
    private let keepsText: Bool
    private let calls: FileCalls
    private var known: [String: Known] = [:]
    /// How many files were read and parsed, for tests.
    private(set) var readCount = 0

    // One pass
    private var root = ""
    private var found: [(path: String, real: String)] = []
    private var folders: Set<String> = []
    private var faults: [ConfigurationDiagnostic] = []
    /// What could not be looked at: nobody knows what is there now.
    private var hidden: [ReadFile] = []
    private var isAllHidden = false
    private var trouble: FileSystem.Failure?

    init(path: String, limits: ConfigurationLimits, keepsText: Bool = false, calls: FileCalls = .system) {
        self.path = path
        self.limits = limits
        self.keepsText = keepsText
        self.calls = calls
    }

    /// Goes through the directory.
    ///
    /// Only what is missing counts as gone. What can't be looked at for another reason is found as a file that is not
    /// complete, so that all that was declared there stays.
    ///
    /// - Parameter enter: called with each folder's real path before it is listed, so that a watch set there misses
    ///   nothing.
    /// - Throws: where the directory is not there or can't be read.
    mutating func run(enter: (String) -> Void) throws(FileSystem.Failure) -> Finding {
        self.root = try self.calls.realPath(self.path)
        self.found = []
        self.folders = []
        self.faults = []
        self.hidden = []
        self.isAllHidden = false
        self.trouble = nil
        try self.list(self.root, below: "", depth: 1, enter: enter)
        return self.readAll()
    }

    // MARK: Finding

    private mutating func list(
        _ folder: String,
        below prefix: String,
        depth: Int,
        enter: (String) -> Void
    ) throws(FileSystem.Failure) {
        guard self.folders.insert(folder).inserted else { return }
        enter(folder)
        let limit = self.limits.files * 2
        let names = try self.calls.names(folder, limit)
        if names.count > limit {
            self.hide(String(prefix.dropLast()), "has more than \(limit) names; not all are read", .tooManyFiles)
        }
        let visible = names.filter { !$0.hasPrefix(".") }
        var unseen: [(path: String, failure: FileSystem.Failure)] = []
        for name in visible {
            let path = prefix + name
            let status: stat
            do throws(FileSystem.Failure) {
                status = try self.calls.status("\(folder)/\(name)")
            } catch {
                if !error.isMissing { unseen.append((path, error)) }
                continue
            }
            if FileSystem.isLink(status) {
                self.follow("\(folder)/\(name)", path: path, depth: depth, enter: enter)
            } else if FileSystem.isFolder(status) {
                self.descend("\(folder)/\(name)", path: path, depth: depth, enter: enter)
            } else if FileSystem.isFile(status), Self.isConfiguration(name) {
                self.add(path, real: "\(folder)/\(name)")
            }
        }
        // A folder that shows names and nothing behind them, as one that may not be searched, counts as unreadable.
        if let first = unseen.first, unseen.count == visible.count { throw first.failure }
        for (path, failure) in unseen { self.hide(path, failure, .fileUnreadable) }
    }

    /// Follows a link to a file inside the directory, and one to a folder as Kubernetes makes them for mounted
    /// ConfigMaps (`file` → `..data/file`, `..data` → `..2026_01_31_…`).
    private mutating func follow(_ link: String, path: String, depth: Int, enter: (String) -> Void) {
        let real: String
        let status: stat
        do throws(FileSystem.Failure) {
            real = try self.calls.realPath(link)
            status = try self.calls.status(real)
        } catch {
            // A link to nothing declares nothing.
            if !error.isMissing { self.hide(path, error, .fileUnreadable) }
            return
        }
        guard real != self.root else { return }
        guard real.hasPrefix(self.root + "/") else {
            if FileSystem.isFolder(status) || Self.isConfiguration(path) {
                self.fault(.fileUnreadable, path, "is a link out of the directory and is not followed", .warning)
            }
            return
        }
        let isAtomic = real.dropFirst(self.root.count).split(separator: "/").contains { $0.hasPrefix("..") }
        if FileSystem.isFile(status), Self.isConfiguration(path) {
            self.add(path, real: real)
        } else if FileSystem.isFolder(status), isAtomic {
            self.descend(real, path: path, depth: depth, enter: enter)
        }
    }

    private mutating func descend(_ folder: String, path: String, depth: Int, enter: (String) -> Void) {
        guard depth < self.limits.folderDepth, self.folders.count < self.limits.folders else {
            let reason =
                "is not read: at most \(self.limits.folders) folders, \(self.limits.folderDepth) inside each other"
            return self.hide(path, reason, .tooManyFiles)
        }
        do throws(FileSystem.Failure) {
            try self.list(folder, below: path + "/", depth: depth + 1, enter: enter)
        } catch {
            if !error.isMissing { self.hide(path, error, .directoryUnreadable) }
        }
    }

    private mutating func hide(_ path: String, _ failure: FileSystem.Failure, _ code: ConfigurationCode) {
        self.note(failure, path)
        self.hide(path, "can't be read: \(failure.reason)", code)
    }

    private mutating func note(_ failure: FileSystem.Failure, _ path: String) {
        guard failure.isPassing, self.trouble == nil else { return }
        self.trouble = failure
        self.trouble?.reason = "\(path): \(failure.reason)"
    }

    /// Remembers that nobody knows what is at a path and below it.
    private mutating func hide(_ path: String, _ reason: String, _ code: ConfigurationCode) {
        guard self.hidden.count < self.limits.files else {
            self.isAllHidden = true
            return
        }
        var file = self.unread(path, reason, code)
        file.hidesBelow = true
        self.hidden.append(file)
    }

    private mutating func add(_ path: String, real: String) {
        if self.found.count == self.limits.files {
            self.fault(
                .tooManyFiles,
                "",
                "there are more than \(self.limits.files) files; the rest is not read",
                .error
            )
        }
        // Some that are not read are remembered all the same, so that what they declared stays.
        guard self.found.count < self.limits.files * 2 else {
            self.isAllHidden = true
            return
        }
        self.found.append((path, real))
    }

    private static func isConfiguration(_ name: String) -> Bool {
        [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) }
    }

    // MARK: Reading

    private mutating func readAll() -> Finding {
        var finding = Finding(files: [], isUnsettled: false)
        var known: [String: Known] = [:]
        var bytesLeft = self.limits.directoryBytes
        for (number, (path, real)) in self.found.enumerated() {
            let before = self.known[path]
            if number >= self.limits.files {
                // Not read, but not forgotten either: what it declared stays.
                finding.files.append(ReadFile(path: path, isComplete: false))
                continue
            }
            if let before, let status = try? self.calls.status(real), FileVersion(status) == before.version {
                known[path] = before
                bytesLeft -= Int(clamping: before.version.bytes)
                finding.files.append(before.file)
                continue
            }
            let limit = min(self.limits.fileBytes, max(0, bytesLeft))
            let content: FileSystem.Content
            do throws(FileSystem.Failure) {
                content = try self.calls.read(real, limit)
            } catch {
                // Removed since it was listed.
                if error.isMissing { continue }
                self.note(error, path)
                finding.files.append(self.unread(path, "can't be read: \(error.reason)", .fileUnreadable))
                continue
            }
            bytesLeft -= content.bytes.count
            guard content.bytes.count <= limit || limit == self.limits.fileBytes else {
                let reason = "is not read: all files have more than \(self.limits.directoryBytes) bytes together"
                finding.files.append(self.unread(path, reason, .fileTooLarge))
                continue
            }
            guard let version = content.version else {
                finding.isUnsettled = true
                finding.files.append(before?.file ?? ReadFile(path: path, isComplete: false))
                known[path] = before
                continue
            }
            let file = ConfigurationReader(limits: self.limits, keepsText: self.keepsText)
                .read(content.bytes, path: path)
            self.readCount += 1
            finding.files.append(file)
            if FileVersion.now() - version.touched > Self.grain { known[path] = Known(version: version, file: file) }
        }
        self.known = known
        finding.files += self.hidden
        if !self.faults.isEmpty || self.isAllHidden {
            let whole = ReadFile(
                path: "",
                diagnostics: self.faults,
                isComplete: !self.isAllHidden,
                hidesBelow: self.isAllHidden
            )
            finding.files.append(whole)
        }
        finding.trouble = self.trouble
        return finding
    }

    private func unread(_ path: String, _ reason: String, _ code: ConfigurationCode) -> ReadFile {
        let place: ConfigurationDiagnostic.Place = path.isEmpty ? .overall : .file(path, line: nil)
        let fault = ConfigurationDiagnostic(place: place, field: "", reason: reason, code: code)
        return ReadFile(path: path, diagnostics: [fault], isComplete: false)
    }

    private mutating func fault(
        _ code: ConfigurationCode,
        _ path: String,
        _ reason: String,
        _ severity: ConfigurationDiagnostic.Severity
    ) {
        guard self.faults.count < self.limits.documentDiagnostics else { return }
        let place: ConfigurationDiagnostic.Place = path.isEmpty ? .overall : .file(path, line: nil)
        self.faults.append(
            ConfigurationDiagnostic(place: place, field: "", reason: reason, severity: severity, code: code)
        )
    }
}
