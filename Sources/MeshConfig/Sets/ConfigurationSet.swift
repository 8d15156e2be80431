/// All declared resources at one moment: what is in force, and where each document stands.
///
/// A document that turned bad keeps its last good version in force, so that a slip of the pen never removes a policy or a
/// service. How the document is recognised is told at ``SetBuilder``.
package struct ConfigurationSet: Sendable, Hashable {
    /// How a document stands.
    package enum Status: String, Sendable, Hashable, CaseIterable {
        /// Its resource is in force.
        case accepted
        /// It has errors; the version before is in force.
        case lastGood
        /// It has errors, or declares again what stands earlier; nothing of it is in force.
        case refused
    }

    /// One document.
    package struct Entry: Sendable, Hashable {
        /// Its file's path below the directory.
        package var file: String
        /// Its number in the file, counted from 0.
        package var index: Int
        /// The line of its first key, counted from 1.
        package var line: Int
        /// Which resource it is. For a document whose key can't be read, the one that is kept for it; nil for none.
        package var key: ResourceKey?
        package var status: Status
        /// The resource in force; nil for `refused`.
        package var resource: DeclaredResource?
        /// The text of the resource in force, where readers were asked to keep it; for `lastGood` not the present one.
        package var text: String?
        /// What is wrong with its present text.
        package var diagnostics: [ConfigurationDiagnostic]
        /// Whether the key stands in the present text.
        var isKeyRead: Bool
        /// Tells the present text from others.
        var fingerprint: UInt64
    }

    /// All documents, by file and number.
    package let entries: [Entry]
    /// What is in force, sorted by key.
    package let resources: [DeclaredResource]
    /// What is wrong with files as a whole.
    package let fileDiagnostics: [ConfigurationDiagnostic]
    /// When each key was first seen, in seconds since 1970. Whoever makes sets keeps it over restarts.
    package let firstSeen: [ResourceKey: Int64]

    /// Nothing.
    package static let empty = ConfigurationSet(entries: [], fileDiagnostics: [], firstSeen: [:])

    init(
        entries: [Entry],
        fileDiagnostics: [ConfigurationDiagnostic],
        firstSeen: [ResourceKey: Int64]
    ) {
        self.entries = entries
        self.resources = entries.compactMap(\.resource).sorted { $0.key < $1.key }
        self.fileDiagnostics = fileDiagnostics
        self.firstSeen = firstSeen
    }

    /// All that is wrong, file by file.
    package var diagnostics: [ConfigurationDiagnostic] {
        self.fileDiagnostics + self.entries.flatMap(\.diagnostics)
    }

    /// The resource of a key that is in force.
    package subscript(_ key: ResourceKey) -> DeclaredResource? {
        // Sorted, so halving finds it.
        var range = self.resources[...]
        while let middle = range.indices.dropFirst(range.count / 2).first {
            let found = range[middle].key
            if found == key { return range[middle] }
            range = key < found ? range[..<middle] : range[(middle + 1)...]
        }
        return nil
    }

    /// The same set with one more diagnostic of the whole, such as a directory that is gone.
    func adding(_ diagnostic: ConfigurationDiagnostic) -> ConfigurationSet {
        guard !self.fileDiagnostics.contains(diagnostic) else { return self }
        return ConfigurationSet(
            entries: self.entries,
            fileDiagnostics: self.fileDiagnostics + [diagnostic],
            firstSeen: self.firstSeen
        )
    }

    /// What is in force now and was not before, and the other way round.
    package func change(from previous: ConfigurationSet) -> ConfigurationChange {
        let before = Dictionary(previous.resources.map { ($0.key, $0) }) { first, _ in first }
        var change = ConfigurationChange()
        var kept: Set<ResourceKey> = []
        for resource in self.resources {
            let key = resource.key
            kept.insert(key)
            guard let old = before[key] else {
                change.added.append(key)
                continue
            }
            // Moving a document in its file changes nothing.
            let isSame =
                old.spec == resource.spec && old.metadata == resource.metadata && old.apiVersion == resource.apiVersion
            if !isSame { change.changed.append(key) }
        }
        change.removed = previous.resources.map(\.key).filter { !kept.contains($0) }
        return change
    }
}

/// What differs between two sets; each list is sorted.
package struct ConfigurationChange: Sendable, Hashable {
    /// In force now, not before.
    package var added: [ResourceKey] = []
    /// In force before and now, with another content.
    package var changed: [ResourceKey] = []
    /// In force before, not now.
    package var removed: [ResourceKey] = []

    /// No change.
    package init() {}

    /// Whether nothing differs.
    package var isEmpty: Bool { self.added.isEmpty && self.changed.isEmpty && self.removed.isEmpty }
}
