/// Puts files together to a set.
///
/// The rules, in this order:
///
/// 1. Files count in the order of their paths, documents in the order of their files. The first good document of a key is
///    in force; another one is refused with a diagnostic that names both places.
/// 2. A document that has errors and whose key can be read keeps what was in force under that key. A document of the same
///    key without errors comes before that, unless what was in force came from the file that is broken now, and it stands
///    in another one.
/// 3. A document whose key can't be read (it is no YAML, say) keeps a resource that its file declared before and that
///    nobody declares now: the one that stood at the same place in the file, else the nearest. The same unreadable text
///    keeps the same resource, and one that kept none before keeps none later.
/// 4. A file that could not be read as a whole keeps all that it declared and nobody else declares now. So does all at
///    and below a path that could not be looked at.
///
/// So removing a document or a file removes its resource, and breaking one does not.
package struct SetBuilder {
    private let previous: ConfigurationSet
    /// The texts of what was in force.
    private let texts: [ResourceKey: String]
    private let now: Int64
    private let limits: ConfigurationLimits
    private let ages: [ResourceKey: Int64]?
    private var firstSeen: [ResourceKey: Int64]
    private var entries: [ConfigurationSet.Entry] = []
    /// Which entry holds a key.
    private var holders: [ResourceKey: Int] = [:]
    private var faults: [ConfigurationDiagnostic] = []

    /// Makes a set.
    ///
    /// - Parameters:
    ///   - files: all files, in any order.
    ///   - previous: the set before; `.empty` at the start.
    ///   - firstSeen: when keys were first seen, where `previous` does not know it: what a restart kept.
    ///   - ages: when keys were first seen as somebody else knows it, in place of that; keys that are missing count as the
    ///     oldest.
    ///   - now: seconds since 1970.
    package static func build(
        _ files: [ReadFile],
        previous: ConfigurationSet,
        firstSeen: [ResourceKey: Int64] = [:],
        ages: [ResourceKey: Int64]? = nil,
        now: Int64,
        limits: ConfigurationLimits = .standard
    ) -> ConfigurationSet {
        var builder = SetBuilder(
            previous: previous,
            now: now,
            limits: limits,
            ages: ages,
            firstSeen: firstSeen.merging(previous.firstSeen) { _, newer in newer }
        )
        return builder.build(files.sorted { $0.path < $1.path })
    }

    private init(
        previous: ConfigurationSet,
        now: Int64,
        limits: ConfigurationLimits,
        ages: [ResourceKey: Int64]?,
        firstSeen: [ResourceKey: Int64]
    ) {
        self.previous = previous
        self.texts = Dictionary(
            previous.entries.compactMap { entry in entry.resource.flatMap { old in entry.text.map { (old.key, $0) } } }
        ) { first, _ in first }
        self.now = now
        self.limits = limits
        self.ages = ages
        self.firstSeen = firstSeen
    }

    private mutating func build(_ files: [ReadFile]) -> ConfigurationSet {
        let good = files.map { Set($0.documents.filter { $0.resource != nil }.compactMap(\.key)) }
        let anywhere = good.reduce(into: Set<ResourceKey>()) { $0.formUnion($1) }
        for (file, own) in zip(files, good) {
            self.faults += file.diagnostics
            for document in file.documents { self.take(document, of: file, good: own, anywhere: anywhere) }
        }
        let before = Dictionary(grouping: self.previous.entries, by: \.file)
        let unread = Dictionary(grouping: self.entries.indices.filter { !self.entries[$0].isKeyRead }) {
            self.entries[$0].file
        }
        for file in files { self.keep(before[file.path] ?? [], for: unread[file.path] ?? [], of: file) }
        self.keepHidden(files)
        self.date()
        self.warn()
        // Removed keys are forgotten; those that are still named stay known while their document is mended.
        let named = Set(self.entries.compactMap(\.key))
        let sorted = self.entries.sorted { ($0.file, $0.index) < ($1.file, $1.index) }
        return ConfigurationSet(
            entries: sorted,
            fileDiagnostics: self.faults,
            firstSeen: self.firstSeen.filter { named.contains($0.key) }
        )
    }

    // MARK: Documents with a key

    /// - Parameters:
    ///   - good: keys that the file declares without errors.
    ///   - anywhere: keys that any file declares without errors.
    private mutating func take(
        _ document: ReadDocument,
        of file: ReadFile,
        good: Set<ResourceKey>,
        anywhere: Set<ResourceKey>
    ) {
        var entry = ConfigurationSet.Entry(
            file: file.path,
            index: document.index,
            line: document.line,
            key: document.key,
            status: .refused,
            resource: nil,
            text: nil,
            diagnostics: document.diagnostics,
            isKeyRead: document.key != nil,
            fingerprint: document.fingerprint
        )
        defer { self.entries.append(entry) }
        guard let key = document.key else { return }
        if let holder = self.holders[key] {
            let first = self.entries[holder]
            entry.diagnostics.append(
                self.diagnostic(
                    entry,
                    .duplicateResource,
                    "\(key) is declared at \(first.file):\(first.line) already; this one is not in force"
                )
            )
            return
        }
        if let resource = document.resource {
            guard self.holders.count < self.limits.resources else {
                let reason = "there are more than \(self.limits.resources) resources; this one is not in force"
                entry.diagnostics.append(self.diagnostic(entry, .tooManyResources, reason))
                return
            }
            entry.status = .accepted
            entry.resource = resource
            entry.text = document.text
            self.holders[key] = self.entries.count
        } else if let old = self.previous[key],
            !anywhere.contains(key) || (old.origin.file == file.path && !good.contains(key))
        {
            self.hold(old, in: &entry)
            self.holders[key] = self.entries.count
        }
    }

    private func hold(_ old: DeclaredResource, in entry: inout ConfigurationSet.Entry) {
        entry.status = .lastGood
        entry.key = old.key
        entry.resource = old
        entry.text = self.texts[old.key]
        let reason = "\(old.key) stays in force as it stood at \(old.origin) when it was last without errors"
        entry.diagnostics.append(self.diagnostic(entry, .lastGood, reason, severity: .warning))
    }

    // MARK: Documents without a key

    /// Keeps what a file declared before and nobody declares now, for its documents that can't be read.
    ///
    /// - Parameters:
    ///   - before: the file's entries in the set before, in their order.
    ///   - unread: which entries of now have no key.
    private mutating func keep(_ before: [ConfigurationSet.Entry], for unread: [Int], of file: ReadFile) {
        var lost = before.filter { entry in entry.resource.map { self.holders[$0.key] == nil } ?? false }
        guard !lost.isEmpty else { return }
        if !file.isComplete {
            for old in lost { self.append(old, of: file) }
            return
        }
        // The same text as before: what it kept then, which may be nothing.
        var known = Dictionary(grouping: before.filter { !$0.isKeyRead }, by: \.fingerprint)
        var changed: [Int] = []
        for index in unread {
            let print = self.entries[index].fingerprint
            guard let old = known[print]?.popLast() else {
                changed.append(index)
                continue
            }
            if let resource = old.resource, self.holders[resource.key] == nil { self.keep(old, in: index) }
        }
        // The same place in the file.
        let places = Dictionary(lost.map { ($0.index, $0) }) { first, _ in first }
        changed.removeAll { index in
            guard let old = places[self.entries[index].index], let key = old.key, self.holders[key] == nil else {
                return false
            }
            self.keep(old, in: index)
            return true
        }
        // The nearest place.
        for index in changed {
            lost.removeAll { $0.resource.map { self.holders[$0.key] != nil } ?? true }
            let place = self.entries[index].index
            guard let nearest = lost.min(by: { abs($0.index - place) < abs($1.index - place) }) else { return }
            self.keep(nearest, in: index)
        }
    }

    private mutating func keep(_ old: ConfigurationSet.Entry, in index: Int) {
        guard let resource = old.resource else { return }
        self.hold(resource, in: &self.entries[index])
        self.holders[resource.key] = index
    }

    /// A file that can't be read has no documents, so what it keeps gets entries of its own.
    private mutating func append(_ old: ConfigurationSet.Entry, of file: ReadFile) {
        guard let resource = old.resource else { return }
        var entry = old
        entry.diagnostics = []
        entry.isKeyRead = false
        // Behind those that were read, if any.
        if !file.documents.isEmpty { entry.index = self.entries.count }
        self.hold(resource, in: &entry)
        self.holders[resource.key] = self.entries.count
        self.entries.append(entry)
    }

    // MARK: What could not be looked at

    /// Keeps what was declared where nobody could look.
    private mutating func keepHidden(_ files: [ReadFile]) {
        let hidden = Set(files.lazy.filter(\.hidesBelow).map(\.path))
        guard !hidden.isEmpty else { return }
        // What was read after all, by another way, tells itself what it declares.
        let seen = Set(files.lazy.filter(\.isComplete).map(\.path))
        for old in self.previous.entries where !seen.contains(old.file) && Self.isHidden(old.file, by: hidden) {
            guard let resource = old.resource, self.holders[resource.key] == nil else { continue }
            self.append(old, of: ReadFile(path: old.file, isComplete: false))
        }
    }

    /// Whether a path, or a folder above it, is among those.
    private static func isHidden(_ path: String, by hidden: Set<String>) -> Bool {
        if hidden.contains("") { return true }
        var rest = path[...]
        while true {
            if hidden.contains(String(rest)) { return true }
            guard let slash = rest.utf8.lastIndex(of: UInt8(ascii: "/")) else { return false }
            rest = rest[..<slash]
        }
    }

    // MARK: Times

    private mutating func date() {
        for index in self.entries.indices {
            guard var resource = self.entries[index].resource else { continue }
            if resource.metadata.created == 0 {
                resource.metadata.created =
                    self.ages.map { $0[resource.key] ?? 0 } ?? self.firstSeen[resource.key] ?? self.now
                self.entries[index].resource = resource
            }
            self.firstSeen[resource.key] = resource.metadata.created
        }
    }

    // MARK: What only the whole shows

    /// In the root namespace, a PeerAuthentication with a selector selects nothing: it is for that namespace or the mesh.
    private mutating func warn() {
        var root = Declared.MeshConfig().rootNamespace
        for entry in self.entries {
            if case .meshConfig(let mesh)? = entry.resource?.spec { root = mesh.rootNamespace }
        }
        for index in self.entries.indices where self.entries[index].status == .accepted {
            guard let resource = self.entries[index].resource, resource.metadata.namespace == root,
                case .peerAuthentication(let authentication) = resource.spec, authentication.selector != nil
            else { continue }
            let reason = "has no effect: in the root namespace, \(root), a selector selects nothing"
            self.entries[index].diagnostics.append(
                self.diagnostic(self.entries[index], .noEffect, reason, severity: .warning, field: "spec.selector")
            )
        }
    }

    private func diagnostic(
        _ entry: ConfigurationSet.Entry,
        _ code: ConfigurationCode,
        _ reason: String,
        severity: ConfigurationDiagnostic.Severity = .error,
        field: String = ""
    ) -> ConfigurationDiagnostic {
        ConfigurationDiagnostic(
            place: .file(entry.file, line: entry.line),
            field: field,
            reason: reason,
            severity: severity,
            code: code
        )
    }
}
