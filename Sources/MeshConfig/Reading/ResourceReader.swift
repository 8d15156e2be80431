/// Reads one document as a resource.
struct ResourceReader {
    private let file: String
    private let limits: ConfigurationLimits
    private var report: FaultReport

    init(file: String, limits: ConfigurationLimits) {
        self.file = file
        self.limits = limits
        self.report = FaultReport(file: file, limit: limits.documentDiagnostics)
    }

    mutating func read(
        _ document: DocumentNode,
        path: String
    ) -> (key: ResourceKey?, resource: DeclaredResource?, diagnostics: [ConfigurationDiagnostic]) {
        guard case .map(let entries) = document.content else {
            self.report.error(
                .wrongType,
                path,
                "must be a mapping with apiVersion, kind, metadata and spec",
                at: document.mark
            )
            return (nil, nil, self.report.finished())
        }
        guard let kind = self.kind(document) else { return (nil, nil, self.report.finished()) }
        let key = MetadataReader.key(kind, document)
        let apiVersion = self.version(of: kind, document)
        var metadata = MetadataReader(report: self.report, limits: self.limits)
        let head = metadata.read(kind, document)
        self.report = metadata.report
        let spec = self.spec(of: kind, entries, document: document, metadata: head)
        guard let apiVersion, let spec, !self.report.hasErrors else { return (key, nil, self.report.finished()) }
        let resource = DeclaredResource(
            apiVersion: apiVersion,
            metadata: head,
            spec: spec,
            written: document["spec"]?.value ?? .null,
            origin: ResourceOrigin(file: self.file, line: document.mark.line)
        )
        return (key, resource, self.report.finished())
    }

    private mutating func kind(_ document: DocumentNode) -> ResourceKind? {
        let mark = document["kind"]?.mark ?? document.mark
        guard let text = document["kind"]?.text else {
            self.report.error(.unknownKind, "kind", "is missing", at: mark)
            return nil
        }
        if let kind = ResourceKind(rawValue: text) { return kind }
        let all = ResourceKind.allCases.map(\.rawValue)
        let near = NearMiss.of(text, in: all).map { "; did you mean \($0)?" } ?? ""
        let reason = "\(Quoted(text)) is no kind that Tulle knows\(near) (known are \(all.joined(separator: ", ")))"
        self.report.error(.unknownKind, "kind", reason, at: mark)
        return nil
    }

    private mutating func version(of kind: ResourceKind, _ document: DocumentNode) -> String? {
        let text = document["apiVersion"]?.text ?? ""
        if kind.apiVersions.contains(text) { return text }
        let mark = document["apiVersion"]?.mark ?? document.mark
        let allowed = kind.apiVersions.joined(separator: ", ")
        let found = text.isEmpty ? "is missing" : "\(Quoted(text)) is no version of \(kind.rawValue)"
        self.report.error(.unknownVersion, "apiVersion", "\(found); allowed are \(allowed)", at: mark)
        return nil
    }

    private mutating func spec(
        of kind: ResourceKind,
        _ entries: [DocumentEntry],
        document: DocumentNode,
        metadata: ResourceMetadata
    ) -> Declared.Spec? {
        // `status` is what a cluster writes; it says nothing to us.
        let known: Set<String> = ["apiVersion", "kind", "metadata", "spec", "status"]
        for entry in entries where !known.contains(entry.key) {
            self.report.error(
                .unknownField,
                String(entry.key.prefix(128)),
                "is no field that is known (allowed are apiVersion, kind, metadata, spec, status)",
                at: entry.mark
            )
        }
        guard let schema = KindSchema.of(kind).spec else { return SpecReader.read(kind, .map([:])) }
        let written = document["spec"]
        var reader = SchemaReader(report: self.report, fieldValues: self.limits.fieldValues)
        let value: ConfigValue?
        if let written, !written.isNull {
            value = reader.read(written, as: .object(schema), path: "spec")
        } else {
            // `spec: {}` and no spec are the same.
            value = reader.object([], as: schema, path: "spec", mark: document.mark)
        }
        self.report = reader.report
        guard let value, !self.report.hasErrors else { return nil }
        let cursor = SpecCursor(value, node: written, mark: document.mark, path: "spec")
        var rules = KindRules(kind: kind, metadata: metadata, limits: self.limits, report: self.report)
        rules.check(cursor)
        self.report = rules.report
        return SpecReader.read(kind, value)
    }
}
