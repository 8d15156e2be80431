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
    }

    /// A version counts as known only when nothing can have changed since within the clock's grain.
    private static let grain: Int64 = 100_000_000

    private let path: String
    private let limits: ConfigurationLimits
    private var known: [String: Known] = [:]
    /// How many files were read and parsed, for tests.
    private(set) var readCount = 0

    // One pass
    private var root = ""
    private var found: [(path: String, real: String)] = []
    private var folders: Set<String> = []
    private var faults: [ConfigurationDiagnostic] = []

    init(path: String, limits: ConfigurationLimits) {
        self.path = path
        self.limits = limits
    }

    /// Goes through the directory.
    ///
    /// - Parameter enter: called with each folder's real path before it is listed, so that a watch set there misses
    ///   nothing.
    /// - Returns: nil where the directory is not there or can't be read.
    mutating func run(enter: (String) -> Void) -> Finding? {
        guard let root = FileSystem.realPath(self.path) else { return nil }
        self.root = root
        self.found = []
        self.folders = []
        self.faults = []
        guard self.list(root, below: "", depth: 1, enter: enter) else { return nil }
        return self.readAll()
    }

    // MARK: Finding

    private mutating func list(_ folder: String, below prefix: String, depth: Int, enter: (String) -> Void) -> Bool {
        guard self.folders.insert(folder).inserted else { return true }
        enter(folder)
        guard let names = FileSystem.names(in: folder, limit: self.limits.files * 2) else { return false }
        for name in names where !name.hasPrefix(".") {
            let path = prefix + name
            guard let status = FileSystem.status("\(folder)/\(name)") else { continue }
            if FileSystem.isLink(status) {
                self.follow("\(folder)/\(name)", path: path, depth: depth, enter: enter)
            } else if FileSystem.isFolder(status) {
                self.descend("\(folder)/\(name)", path: path, depth: depth, enter: enter)
            } else if FileSystem.isFile(status), Self.isConfiguration(name) {
                self.add(path, real: "\(folder)/\(name)")
            }
        }
        return true
    }

    /// Follows a link to a file inside the directory, and one to a folder as Kubernetes makes them for mounted
    /// ConfigMaps (`file` → `..data/file`, `..data` → `..2026_01_31_…`).
    private mutating func follow(_ link: String, path: String, depth: Int, enter: (String) -> Void) {
        guard let real = FileSystem.realPath(link), let status = FileSystem.status(real) else { return }
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
            return self.fault(.tooManyFiles, path, reason, .error)
        }
        if !self.list(folder, below: path + "/", depth: depth + 1, enter: enter) {
            self.fault(.directoryUnreadable, path, "can't be read: \(FileSystem.lastError)", .error)
        }
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
        guard self.found.count < self.limits.files * 2 else { return }
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
            if let before, let status = FileSystem.status(real), FileVersion(status) == before.version {
                known[path] = before
                bytesLeft -= Int(clamping: before.version.bytes)
                finding.files.append(before.file)
                continue
            }
            let limit = min(self.limits.fileBytes, max(0, bytesLeft))
            let content: (bytes: [UInt8], version: FileVersion?)
            do throws(FileSystem.Failure) {
                content = try FileSystem.read(real, limit: limit)
            } catch {
                // Removed since it was listed.
                if error.isMissing { continue }
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
            let file = ConfigurationReader(limits: self.limits).read(content.bytes, path: path)
            self.readCount += 1
            finding.files.append(file)
            if FileVersion.now() - version.touched > Self.grain { known[path] = Known(version: version, file: file) }
        }
        self.known = known
        finding.files += self.faults.isEmpty ? [] : [ReadFile(path: "", diagnostics: self.faults)]
        return finding
    }

    private func unread(_ path: String, _ reason: String, _ code: ConfigurationCode) -> ReadFile {
        let place = ConfigurationDiagnostic.Place.file(path, line: nil)
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
