import Glibc

/// Why the admin API's change was not made. Nothing of it was.
package struct ConfigurationRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong.
    package var diagnostics: [ConfigurationDiagnostic]

    package var description: String { self.diagnostics.map(\.description).joined(separator: "\n") }
}

/// Writes what comes by the admin API as files of the configuration's directory: one resource a file, below `applied/`.
///
/// Files that people wrote are theirs: a key that stands in one is neither changed nor removed here.
package struct AppliedFiles: Sendable {
    /// The folder below the configuration's directory.
    package static let folder = "applied"

    private let directory: String
    private let limits: ConfigurationLimits

    /// Files of a directory.
    package init(directory: String, limits: ConfigurationLimits = .standard) {
        self.directory = directory
        self.limits = limits
    }

    /// Declares the resources of a text, each in place of what was applied under its key before.
    ///
    /// - Parameters:
    ///   - text: YAML documents or JSON.
    ///   - set: the set in force, which tells where keys stand.
    /// - Returns: their keys, in order, and the warnings.
    /// - Throws: if anything is wrong with any of them.
    @discardableResult
    package func apply(
        _ text: [UInt8],
        over set: ConfigurationSet
    ) throws(ConfigurationRefusal) -> (keys: [ResourceKey], warnings: [ConfigurationDiagnostic]) {
        let file = try self.check(text, over: set)
        for document in file.documents {
            guard let key = document.key, let text = document.text else { continue }
            try self.write(text, as: Self.fileName(key))
        }
        return (file.documents.compactMap(\.key), file.allDiagnostics)
    }

    /// Reads a text, and says what `apply` would refuse.
    ///
    /// - Throws: if anything is wrong with any document.
    @discardableResult
    package func check(_ text: [UInt8], over set: ConfigurationSet) throws(ConfigurationRefusal) -> ReadFile {
        let file = ConfigurationReader(limits: self.limits, keepsText: true).read(text, path: "-")
        var faults = file.allDiagnostics.filter { $0.severity == .error }
        var seen: [ResourceKey: Int] = [:]
        let places = Self.places(in: set)
        for document in file.documents {
            guard let key = document.key else { continue }
            if let line = seen.updateValue(document.line, forKey: key) {
                faults.append(self.fault(.duplicateResource, "\(key) stands at line \(line) already", document.line))
            }
            if let place = self.handwritten(key, in: places) {
                faults.append(
                    self.fault(.writtenByHand, "\(key) is declared in \(place); change it there", document.line)
                )
            }
        }
        if file.documents.isEmpty, faults.isEmpty {
            faults.append(self.fault(.missingField, "there is no document", nil))
        }
        guard faults.isEmpty else { throw ConfigurationRefusal(diagnostics: faults) }
        return file
    }

    /// Writes a resource that was checked, in place of what was applied under its key before.
    ///
    /// - Throws: if the file can't be written.
    package func write(_ text: String, for key: ResourceKey) throws(ConfigurationRefusal) {
        try self.write(text, as: Self.fileName(key))
    }

    /// Removes an applied resource without looking who declares it.
    ///
    /// - Throws: if the file can't be removed; one that is not there is no fault.
    package func remove(_ key: ResourceKey) throws(ConfigurationRefusal) {
        guard unlink("\(self.directory)/\(Self.folder)/\(Self.fileName(key))") != 0, errno != ENOENT else { return }
        throw self.failure("\(Self.fileName(key)) can't be removed")
    }

    /// What was applied, as its files have it. Files whose key can't be read, or that people put there, are left out.
    package func texts(in set: ConfigurationSet) -> [ResourceKey: String] {
        var texts: [ResourceKey: String] = [:]
        for entry in set.entries {
            guard let key = entry.key, entry.file == "\(Self.folder)/\(Self.fileName(key))",
                let content = try? FileSystem.read("\(self.directory)/\(entry.file)", limit: self.limits.fileBytes)
            else { continue }
            texts[key] = String(decoding: content.bytes, as: UTF8.self)
        }
        return texts
    }

    /// Says why a resource may not be removed here.
    ///
    /// - Throws: if the key stands in a file that was not applied.
    package func checkRemoval(of key: ResourceKey, from set: ConfigurationSet) throws(ConfigurationRefusal) {
        guard let place = self.handwritten(key, in: Self.places(in: set)) else { return }
        let reason = "\(key) is declared in \(place); remove it there"
        throw ConfigurationRefusal(diagnostics: [self.fault(.writtenByHand, reason, nil)])
    }

    /// Removes an applied resource.
    ///
    /// - Returns: whether there was one.
    /// - Throws: if the key stands in a file that was not applied, or the file can't be removed.
    package func delete(_ key: ResourceKey, from set: ConfigurationSet) throws(ConfigurationRefusal) -> Bool {
        try self.checkRemoval(of: key, from: set)
        guard unlink("\(self.directory)/\(Self.folder)/\(Self.fileName(key))") != 0 else { return true }
        guard errno != ENOENT else { return false }
        throw self.failure("\(Self.fileName(key)) can't be removed")
    }

    /// `<Kind>.<namespace>.<name>.yaml`; a name that is too long for a file is cut, and its hash tells it apart.
    package static func fileName(_ key: ResourceKey) -> String {
        let parts = [key.kind.rawValue, key.namespace, key.name].filter { !$0.isEmpty }
        let name = parts.joined(separator: ".")
        guard name.utf8.count > 200 else { return "\(name).yaml" }
        return "\(name.prefix(180))~\(String(Fingerprint.of(name.utf8), radix: 16)).yaml"
    }

    private static func places(in set: ConfigurationSet) -> [ResourceKey: [ConfigurationSet.Entry]] {
        var places: [ResourceKey: [ConfigurationSet.Entry]] = [:]
        for entry in set.entries {
            if let key = entry.key { places[key, default: []].append(entry) }
        }
        return places
    }

    /// The place of a key in a file that was not applied.
    private func handwritten(_ key: ResourceKey, in places: [ResourceKey: [ConfigurationSet.Entry]]) -> String? {
        let own = "\(Self.folder)/\(Self.fileName(key))"
        return places[key]?.first { $0.file != own }.map { "\($0.file):\($0.line)" }
    }

    /// Writes beside the file and renames, so that nobody ever reads half of it.
    private func write(_ text: String, as name: String) throws(ConfigurationRefusal) {
        let folder = "\(self.directory)/\(Self.folder)"
        guard mkdir(folder, 0o755) == 0 || errno == EEXIST else { throw self.failure("\(Self.folder) can't be made") }
        // Hidden, so that it is not read as configuration.
        let temporary = "\(folder)/.\(name).\(UInt32.random(in: 0 ... .max))"
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard file >= 0 else { throw self.failure("\(name) can't be written") }
        let isWritten = FileSystem.write(Array(text.utf8), to: file) && fsync(file) == 0
        let failure = self.failure("\(name) can't be written")
        close(file)
        guard isWritten else {
            unlink(temporary)
            throw failure
        }
        guard rename(temporary, "\(folder)/\(name)") == 0 else {
            let failure = self.failure("\(name) can't be written")
            unlink(temporary)
            throw failure
        }
        let parent = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { return }
        fsync(parent)
        close(parent)
    }

    private func failure(_ what: String) -> ConfigurationRefusal {
        ConfigurationRefusal(diagnostics: [self.fault(.fileUnwritable, "\(what): \(FileSystem.lastError)", nil)])
    }

    private func fault(_ code: ConfigurationCode, _ reason: String, _ line: Int?) -> ConfigurationDiagnostic {
        ConfigurationDiagnostic(place: .file("-", line: line), field: "", reason: reason, code: code)
    }
}
