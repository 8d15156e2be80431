package import MeshConfig

/// What the admin API does with declared resources. The configuration store provides it.
package protocol ResourceAdministration: Sendable {
    /// The resources that fit, in the order of kind, namespace and name. The caller may see all of them.
    func resources(_ filter: ResourceFilter) async throws(AdminFault) -> [AdminResource]

    /// Reads a YAML stream and puts what is in it into force, document by document: one that is refused leaves what was in
    /// force under its key. An empty result means an empty stream.
    ///
    /// - Parameter isDryRun: whether only to say what would become of it.
    /// - Throws: `AdminFault`, such as `bad_request` when the text is no YAML at all.
    func apply(_ yaml: String, isDryRun: Bool) async throws(AdminFault) -> [AppliedResource]

    /// Removes a resource.
    ///
    /// - Throws: `AdminFault` with `not_found`, or with `conflict` when it comes from a file and not from this API.
    func delete(_ key: ResourceKey) async throws(AdminFault)
}

/// Which resources are asked for; nil takes all.
package struct ResourceFilter: Sendable, Hashable {
    /// The kind.
    package var kind: ResourceKind?
    /// The namespace; empty for resources that have none.
    package var namespace: String?
    /// The name.
    package var name: String?

    /// Makes a filter.
    package init(kind: ResourceKind? = nil, namespace: String? = nil, name: String? = nil) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
    }
}

/// What was found wrong with a resource.
package struct AdminDiagnostic: Sendable, Hashable, Encodable {
    /// How much it matters.
    package enum Severity: String, Sendable, Encodable {
        /// The resource is not taken.
        case error
        /// It is taken, and likely not meant so.
        case warning
    }

    /// The file, or `-` for what came by this API.
    package var file: String
    /// The line, from 1; nil where it is not known.
    package var line: Int?
    /// The field's path, such as `spec.rules[0]`.
    package var field: String
    /// The value that is wrong, and what is allowed.
    package var reason: String
    /// How much it matters.
    package var severity: Severity
    /// A stable code.
    package var code: String

    /// Makes a diagnostic.
    package init(
        file: String = "-",
        line: Int? = nil,
        field: String,
        reason: String,
        severity: Severity = .error,
        code: String
    ) {
        self.file = file
        self.line = line
        self.field = field
        self.reason = reason
        self.severity = severity
        self.code = code
    }
}

/// A resource as it stands.
package struct AdminResource: Sendable, Hashable, Encodable {
    /// Whether it is in force.
    package enum State: String, Sendable, Encodable {
        /// It is in force as written.
        case accepted
        /// Its newest text was refused; an earlier one is in force.
        case lastGood
        /// It is not in force.
        case refused
    }

    /// Something true or untrue of a resource, as Kubernetes writes it.
    package struct Condition: Sendable, Hashable, Encodable {
        /// What, such as `Accepted`.
        package var type: String
        /// `True`, `False` or `Unknown`.
        package var status: String
        /// Why, in one word.
        package var reason: String
        /// Why, for people.
        package var message: String

        /// Makes a condition.
        package init(type: String, status: String, reason: String, message: String) {
            self.type = type
            self.status = status
            self.reason = reason
            self.message = message
        }
    }

    /// Its key.
    package var key: ResourceKey
    /// Its `apiVersion`, as written.
    package var apiVersion: String
    /// Its `metadata`, a map.
    package var metadata: ConfigValue
    /// Its `spec`, as written; null where the kind has none.
    package var spec: ConfigValue
    /// Whether it is in force.
    package var state: State
    /// Where it was written.
    package var origin: ResourceOrigin
    /// Its conditions.
    package var conditions: [Condition]
    /// What is wrong with it.
    package var diagnostics: [AdminDiagnostic]

    /// Makes a resource.
    package init(
        key: ResourceKey,
        apiVersion: String,
        metadata: ConfigValue,
        spec: ConfigValue,
        state: State,
        origin: ResourceOrigin,
        conditions: [Condition] = [],
        diagnostics: [AdminDiagnostic] = []
    ) {
        self.key = key
        self.apiVersion = apiVersion
        self.metadata = metadata
        self.spec = spec
        self.state = state
        self.origin = origin
        self.conditions = conditions
        self.diagnostics = diagnostics
    }

    private enum CodingKeys: CodingKey {
        case apiVersion, kind, metadata, spec, status
    }

    private struct Origin: Encodable {
        var file: String
        var line: Int
    }

    private struct Status: Encodable {
        var state: State
        var origin: Origin
        var conditions: [Condition]
        var diagnostics: [AdminDiagnostic]
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.apiVersion, forKey: .apiVersion)
        try container.encode(self.key.kind.rawValue, forKey: .kind)
        try container.encode(AdminValue(value: self.metadata), forKey: .metadata)
        if self.spec != .null { try container.encode(AdminValue(value: self.spec), forKey: .spec) }
        let origin = Origin(file: self.origin.file, line: self.origin.line)
        try container.encode(
            Status(state: self.state, origin: origin, conditions: self.conditions, diagnostics: self.diagnostics),
            forKey: .status
        )
    }
}

/// What became of one document.
package struct AppliedResource: Sendable, Hashable, Encodable {
    /// What was done.
    package enum Action: String, Sendable, Encodable {
        case created, configured, unchanged, refused
    }

    /// The kind as it is written; empty where the document names none.
    package var kind: String
    /// The namespace; empty for kinds that have none.
    package var namespace: String
    /// The name.
    package var name: String
    /// What was done, or would be.
    package var action: Action
    /// What is wrong with it.
    package var diagnostics: [AdminDiagnostic]

    /// Makes a result.
    package init(
        kind: String,
        namespace: String,
        name: String,
        action: Action,
        diagnostics: [AdminDiagnostic] = []
    ) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.action = action
        self.diagnostics = diagnostics
    }
}
