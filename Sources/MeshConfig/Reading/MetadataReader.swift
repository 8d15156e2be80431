/// Reads `metadata`. What a cluster adds by itself is taken and ignored, so that exports can be read.
struct MetadataReader {
    var report: FaultReport
    let limits: ConfigurationLimits

    /// Fields that only a cluster writes.
    private static let ignored: Set<String> = [
        "uid", "resourceVersion", "generation", "managedFields", "ownerReferences", "finalizers", "selfLink",
        "deletionTimestamp", "deletionGracePeriodSeconds",
    ]
    /// What `kubectl apply` keeps for itself: the whole document once more.
    private static let applied = "kubectl.kubernetes.io/last-applied-configuration"
    private static let known = ["name", "namespace", "labels", "annotations", "creationTimestamp"]

    /// The key that a document names, however wrong the rest of it is; nil where it names none.
    static func key(_ kind: ResourceKind, _ document: DocumentNode) -> ResourceKey? {
        guard let metadata = document["metadata"], let name = metadata["name"]?.text, self.isName(name, of: kind) else {
            return nil
        }
        guard kind.isNamespaced else { return ResourceKey(kind: kind, namespace: "", name: name) }
        guard let written = metadata["namespace"], !written.isNull else {
            return ResourceKey(kind: kind, namespace: "default", name: name)
        }
        guard let namespace = written.text, TextForm.isLabel(namespace[...]) else { return nil }
        return ResourceKey(kind: kind, namespace: namespace, name: name)
    }

    private static func isName(_ name: String, of kind: ResourceKind) -> Bool {
        kind == .namespace ? TextForm.isLabel(name[...]) : TextForm.isDomain(name[...])
    }

    /// - Returns: the metadata as far as it is sound; what is wrong is in the report.
    mutating func read(_ kind: ResourceKind, _ document: DocumentNode) -> ResourceMetadata {
        var metadata = ResourceMetadata(name: "", namespace: kind.isNamespaced ? "default" : "")
        guard let node = document["metadata"], case .map(let entries) = node.content else {
            let mark = document.entry("metadata")?.mark ?? document.mark
            self.report.error(.badMetadata, "metadata", "is missing; it must be a mapping with name", at: mark)
            return metadata
        }
        for entry in entries where !Self.ignored.contains(entry.key) && !entry.value.isNull {
            self.take(entry, kind: kind, into: &metadata)
        }
        if !entries.contains(where: { $0.key == "name" && !$0.value.isNull }) {
            self.report.error(.badMetadata, "metadata.name", "is missing", at: node.mark)
        }
        return metadata
    }

    private mutating func take(_ entry: DocumentEntry, kind: ResourceKind, into metadata: inout ResourceMetadata) {
        let field = "metadata.\(entry.key.prefix(128))"
        switch entry.key {
        case "name":
            guard let name = entry.value.text, Self.isName(name, of: kind) else {
                let form = kind == .namespace ? StringFormat.dnsLabel : .dnsSubdomain
                return self.fault(field, entry.value, "must be \(form.allowed)")
            }
            metadata.name = name
            if kind == .meshConfig, name != "default" {
                self.fault(field, entry.value, "must be 'default': a mesh has one MeshConfig")
            }
        case "namespace":
            guard let namespace = entry.value.text, TextForm.isLabel(namespace[...]) else {
                return self.fault(field, entry.value, "must be \(StringFormat.dnsLabel.allowed)")
            }
            guard kind.isNamespaced else {
                // `default` stands in many exports of tools that write it everywhere.
                if namespace != "default" { self.fault(field, entry.value, "\(kind.rawValue) belongs to no namespace") }
                return
            }
            metadata.namespace = namespace
        case "labels":
            metadata.labels = self.labels(entry.value, field: field, values: .labelValue)
        case "annotations":
            metadata.annotations = self.labels(
                entry.value,
                field: field,
                values: .text(0...self.limits.annotationBytes)
            )
            if let dryRun = metadata.annotations["istio.io/dry-run"], Bool(dryRun) == nil {
                self.fault("\(field)[istio.io/dry-run]", entry.value, "\(Quoted(dryRun)) must be 'true' or 'false'")
            }
        case "creationTimestamp":
            guard let text = entry.value.text, let seconds = Timestamp.seconds(text) else {
                return self.fault(field, entry.value, "must be a time such as 2026-01-31T12:00:00Z")
            }
            metadata.created = seconds
        default:
            let near = NearMiss.of(entry.key, in: Self.known).map { "; did you mean \($0)?" } ?? ""
            self.report.error(
                .badMetadata,
                field,
                "is no field that is known\(near) (allowed are \(Self.known.joined(separator: ", ")))",
                at: entry.mark
            )
        }
    }

    private mutating func labels(
        _ node: DocumentNode,
        field: String,
        values: StringFormat
    ) -> [String: String] {
        guard case .map(let written) = node.content else {
            self.fault(field, node, "must be a mapping of texts")
            return [:]
        }
        let entries = written.filter { $0.key != Self.applied }
        guard entries.count <= self.limits.labels else {
            self.fault(field, node, "has \(entries.count) entries, at most \(self.limits.labels) are allowed")
            return [:]
        }
        var labels: [String: String] = [:]
        for entry in entries {
            let below = "\(field)[\(entry.key.prefix(128))]"
            guard TextForm.isLabelKey(entry.key) else {
                self.fault(below, entry.value, "the key must be \(StringFormat.labelKey.allowed)")
                continue
            }
            if entry.value.isNull {
                labels[entry.key] = ""
            } else if let text = entry.value.text {
                if let fault = values.fault(in: text) {
                    self.fault(below, entry.value, fault)
                } else {
                    labels[entry.key] = text
                }
            } else {
                self.fault(below, entry.value, "must be a text: write numbers and truth values in quotes")
            }
        }
        return labels
    }

    private mutating func fault(_ field: String, _ node: DocumentNode, _ reason: String) {
        self.report.error(.badMetadata, field, reason, at: node.mark)
    }
}
