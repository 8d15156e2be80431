import Glibc

/// Keeps the resources in force over a restart: a directory with one file a resource, beside the configuration's.
///
/// It is read once, as the set before the first one: a document that is bad at the start then keeps its last good version,
/// by the rules of ``SetBuilder``. It declares nothing: what no file of the configuration names any more is not in force.
package struct LastGoodFiles: Sendable {
    /// From more files than this on the disk is waited for once, not for each.
    private static let bulk = 64

    private let directory: String
    private let limits: ConfigurationLimits
    var calls = FileCalls.system
    /// What stands in the directory, by the files' names.
    private var written: [String: LastGoodFile] = [:]

    /// Files of a directory that belongs to nobody else. It is made if it is not there, but not those above it.
    package init(directory: String, limits: ConfigurationLimits = .standard) {
        self.directory = directory
        self.limits = limits
    }

    /// Reads all files.
    ///
    /// - Returns: what was in force, and what is wrong with files, which count as not there.
    /// - Throws: where they can't be read for want of descriptors or memory: then it must be tried again.
    mutating func load() throws(FileSystem.Failure) -> (set: ConfigurationSet, faults: [ConfigurationDiagnostic]) {
        var entries: [ConfigurationSet.Entry] = []
        var faults: [ConfigurationDiagnostic] = []
        var names: [String] = []
        do throws(FileSystem.Failure) {
            names = try self.calls.names(self.directory, self.limits.resources * 2)
        } catch {
            if error.isShortage { throw error }
            if !error.isMissing {
                faults.append(self.fault("can't be read: \(error.reason); no last good version is known"))
            }
        }
        for name in names where !name.hasPrefix(".") {
            switch try self.read(name) {
            case .success(let (file, entry)):
                self.written[name] = file
                entries.append(entry)
            case .failure(let fault):
                if faults.count < self.limits.documentDiagnostics { faults.append(fault) }
            }
        }
        entries.sort { ($0.file, $0.index) < ($1.file, $1.index) }
        return (ConfigurationSet(entries: entries, fileDiagnostics: [], firstSeen: [:]), faults)
    }

    /// Writes what changed, and removes what is no longer in force.
    ///
    /// - Returns: what could not be done; the next call tries it again.
    mutating func store(_ set: ConfigurationSet) -> [ConfigurationDiagnostic] {
        var wanted: Set<String> = []
        var changed: [(name: String, file: LastGoodFile)] = []
        for entry in set.entries {
            guard let resource = entry.resource else { continue }
            let name = AppliedFiles.fileName(resource.key)
            wanted.insert(name)
            guard let file = LastGoodFile(entry), self.written[name] != file else { continue }
            changed.append((name, file))
        }
        let removed = self.written.keys.filter { !wanted.contains($0) }
        guard !changed.isEmpty || !removed.isEmpty else { return [] }
        var failures: [FileSystem.Failure] = []
        self.write(changed, &failures)
        for name in removed {
            if unlink("\(self.directory)/\(name)") == 0 || errno == ENOENT {
                self.written[name] = nil
            } else {
                failures.append(FileSystem.Failure(errno))
            }
        }
        guard let first = failures.first else { return [] }
        let reason = "a restart may lose last good versions: \(failures.count) of \(changed.count + removed.count)"
        return [self.fault("\(reason) changes can't be written: \(first.reason)", .fileUnwritable)]
    }

    /// Writes beside the files and renames, so that nobody ever reads half of one.
    private mutating func write(_ files: [(name: String, file: LastGoodFile)], _ failures: inout [FileSystem.Failure]) {
        guard !files.isEmpty else { return }
        mkdir(self.directory, 0o700)
        // A first start may have very many: then one wait for the disk is enough.
        let isBulk = files.count > Self.bulk
        var ready: [(name: String, file: LastGoodFile)] = []
        for (name, file) in files {
            do throws(FileSystem.Failure) {
                try FileSystem.create(self.temporary(name), file.bytes, mode: 0o600, isSynced: !isBulk)
                ready.append((name, file))
            } catch {
                failures.append(error)
            }
        }
        if isBulk { sync() }
        for (name, file) in ready {
            if rename(self.temporary(name), "\(self.directory)/\(name)") == 0 {
                self.written[name] = file
            } else {
                failures.append(FileSystem.Failure(errno))
            }
        }
        let folder = open(self.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }

    private func temporary(_ name: String) -> String { "\(self.directory)/.\(name)" }

    private typealias Kept = (file: LastGoodFile, entry: ConfigurationSet.Entry)

    /// Reads a file, and trusts it only if it is whole and declares just the resource that it is named for.
    private func read(_ name: String) throws(FileSystem.Failure) -> Result<Kept, ConfigurationDiagnostic> {
        // An item of a list is written as JSON with its aliases expanded, which is longer than what was read.
        var limits = self.limits
        limits.documentBytes = max(
            limits.fileBytes,
            limits.documentBytes.multipliedReportingOverflow(by: 8).partialValue
        )
        limits.fileBytes = limits.documentBytes
        let bytes: [UInt8]
        do throws(FileSystem.Failure) {
            bytes = try self.calls.read("\(self.directory)/\(name)", limits.fileBytes).bytes
        } catch {
            if error.isShortage { throw error }
            return .failure(self.fault("\(name) can't be read: \(error.reason)"))
        }
        guard let kept = LastGoodFile(bytes) else { return .failure(self.fault("\(name) is damaged and ignored")) }
        let read = ConfigurationReader(limits: limits).read(kept.text, path: kept.file)
        guard read.documents.count == 1, let document = read.documents.first, var resource = document.resource else {
            let reason = read.allDiagnostics.first.map { ": \($0)" } ?? ""
            return .failure(self.fault("\(name) holds no good resource and is ignored\(reason)"))
        }
        guard AppliedFiles.fileName(resource.key) == name else {
            return .failure(self.fault("\(name) holds \(resource.key) and is ignored"))
        }
        resource.origin.line = kept.line
        let entry = ConfigurationSet.Entry(
            file: kept.file,
            index: kept.index,
            line: kept.line,
            key: resource.key,
            status: .lastGood,
            resource: resource,
            text: kept.text,
            diagnostics: [],
            isKeyRead: kept.isKeyRead,
            fingerprint: kept.fingerprint
        )
        return .success((kept, entry))
    }

    private func fault(_ reason: String, _ code: ConfigurationCode = .fileUnreadable) -> ConfigurationDiagnostic {
        ConfigurationDiagnostic(place: .overall, field: self.directory, reason: reason, code: code)
    }
}
