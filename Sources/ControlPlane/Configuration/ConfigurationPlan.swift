import MeshConfig

/// What a text would change, worked out before anything is written.
struct ConfigurationPlan: Sendable {
    /// A document to write.
    struct Write: Sendable {
        /// The place of its result.
        var index: Int
        var key: ResourceKey
        var text: String
    }

    /// One for each document, as if all writes were made.
    private(set) var results: [AppliedResource] = []
    private(set) var writes: [Write] = []

    /// The most documents of one request.
    static let documents = 1_000

    /// Reads a text.
    ///
    /// - Parameters:
    ///   - set: what is declared now.
    ///   - files: those that were applied.
    ///   - documentBytes: the most bytes of a document, where there is a bound beside that of files.
    /// - Throws: `AdminFault` when it has too many documents.
    init(
        _ yaml: String,
        over set: ConfigurationSet,
        files: AppliedFiles,
        documentBytes: Int? = nil
    ) throws(AdminFault) {
        let file = ConfigurationReader(keepsText: true).read(yaml, path: "-")
        guard file.documents.count <= Self.documents else {
            let reason = "\(file.documents.count) documents, at most \(Self.documents) are allowed in one request"
            throw AdminFault(.tooLarge, reason)
        }
        let accepted = Set(set.entries.filter { $0.status == .accepted }.compactMap(\.key))
        var seen: Set<ResourceKey> = []
        for document in file.documents {
            self.results.append(
                AppliedResource(
                    kind: document.key?.kind.rawValue ?? "",
                    namespace: document.key?.namespace ?? "",
                    name: document.key?.name ?? "",
                    action: .refused,
                    diagnostics: document.diagnostics.map(AdminDiagnostic.init)
                )
            )
            guard let key = document.key, let resource = document.resource, let text = document.text else { continue }
            guard seen.insert(key).inserted else {
                self.refuse(document, .duplicateResource, "\(key) stands in this text already")
                continue
            }
            if let documentBytes, text.utf8.count > documentBytes {
                let reason = "has \(text.utf8.count) bytes; in the shared table at most \(documentBytes) are allowed"
                self.refuse(document, .documentTooLarge, reason)
                continue
            }
            // What is in force only as the last good version is written anew.
            let old = accepted.contains(key) ? set[key] : nil
            self.take(resource, text, over: set, old: old, files: files)
        }
        // What is wrong with the text as a whole belongs to no document, and must be seen all the same.
        if !file.diagnostics.isEmpty {
            let whole = file.diagnostics.map(AdminDiagnostic.init)
            self.results.append(
                AppliedResource(kind: "", namespace: "", name: "", action: .refused, diagnostics: whole)
            )
        }
    }

    private mutating func refuse(_ document: ReadDocument, _ code: ConfigurationCode, _ reason: String) {
        self.results[self.results.count - 1].diagnostics.append(
            AdminDiagnostic(line: document.line, field: "", reason: reason, code: code.rawValue)
        )
    }

    private mutating func take(
        _ resource: DeclaredResource,
        _ text: String,
        over set: ConfigurationSet,
        old: DeclaredResource?,
        files: AppliedFiles
    ) {
        let index = self.results.count - 1
        let isSame =
            old.map { old in
                old.spec == resource.spec && old.apiVersion == resource.apiVersion
                    && old.metadata.labels == resource.metadata.labels
                    && old.metadata.annotations == resource.metadata.annotations
            } ?? false
        do throws(ConfigurationRefusal) {
            if !isSame {
                try files.check(Array(text.utf8), over: set)
                self.writes.append(Write(index: index, key: resource.key, text: text))
            }
            self.results[index].action = isSame ? .unchanged : set[resource.key] == nil ? .created : .configured
        } catch {
            self.results[index].diagnostics += error.diagnostics.map(AdminDiagnostic.init)
        }
    }

    /// A write could not be made after all.
    mutating func fail(_ write: Write, _ refusal: ConfigurationRefusal) {
        self.results[write.index].action = .refused
        self.results[write.index].diagnostics += refusal.diagnostics.map(AdminDiagnostic.init)
    }

    /// Says of resources what was done with them before: they stand as they were wanted by now.
    mutating func recall(_ actions: [ResourceKey: AppliedResource.Action]) {
        for index in self.results.indices where self.results[index].action == .unchanged {
            guard let kind = ResourceKind(rawValue: self.results[index].kind) else { continue }
            let result = self.results[index]
            let key = ResourceKey(kind: kind, namespace: result.namespace, name: result.name)
            if let action = actions[key] { self.results[index].action = action }
        }
    }
}

extension AdminDiagnostic {
    init(_ diagnostic: ConfigurationDiagnostic) {
        var file = "-"
        var line: Int?
        if case .file(let name, let number) = diagnostic.place { (file, line) = (name, number) }
        self.init(
            file: file,
            line: line,
            field: diagnostic.field,
            reason: diagnostic.reason,
            severity: diagnostic.severity == .error ? .error : .warning,
            code: diagnostic.code.rawValue
        )
    }
}
