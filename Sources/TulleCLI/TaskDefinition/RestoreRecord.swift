import AWSClient

/// What enrolling changed, so that withdrawing can put back exactly what was there.
///
/// It lives as a label on our own container: it goes in with the edit and out with it, and a definition that was
/// copied or edited by others in between still carries it.
package struct RestoreRecord: Sendable, Hashable {
    /// The label's key on the ztunnel container.
    package static let label = "tulle/restore"

    /// Containers that had no `dependsOn` before.
    var madeDependsOn: Set<String> = []
    /// Containers that had no `environment` before.
    var madeEnvironment: Set<String> = []
    /// Containers whose `dependsOn` was `null`.
    var nullDependsOn: Set<String> = []
    /// Containers whose `environment` was `null`.
    var nullEnvironment: Set<String> = []
    /// Whether `proxyConfiguration` was `null`.
    var hadNullProxy = false
    /// Names of the variables that were added, by container.
    var addedEnvironment: [String: [String]] = [:]
    /// Tags of the definition that were added or changed, in that order, with the value before; `nil` for none.
    var tags: [(key: String, before: String?)] {
        get { self.tagNotes.map { ($0.key, $0.before) } }
        set { self.tagNotes = newValue.map { TagNote(key: $0.key, before: $0.before) } }
    }
    private var tagNotes: [TagNote] = []

    private struct TagNote: Sendable, Hashable {
        var key: String
        var before: String?
    }
    /// The service's settings before it was enrolled; `nil` when none was at hand.
    package var service: ServiceSettings?

    /// The settings of a service that enrolling changes.
    package struct ServiceSettings: Sendable, Hashable {
        /// `SERVICE`, `TASK_DEFINITION` or `NONE`.
        package var propagateTags: String
        /// Whether ECS put its own tags on tasks.
        package var managedTags: Bool

        /// Holds both.
        package init(propagateTags: String, managedTags: Bool) {
            self.propagateTags = propagateTags
            self.managedTags = managedTags
        }
    }

    init() {}

    /// Reads the label's text; `nil` when it is not a record of this version.
    init?(text: String) {
        guard let json = try? JSONValue(parsing: text), json["version"]?.int == 1 else { return nil }
        self.madeDependsOn = Set(json["madeDependsOn"]?.strings ?? [])
        self.madeEnvironment = Set(json["madeEnvironment"]?.strings ?? [])
        self.nullDependsOn = Set(json["nullDependsOn"]?.strings ?? [])
        self.nullEnvironment = Set(json["nullEnvironment"]?.strings ?? [])
        self.hadNullProxy = json["nullProxy"]?.bool ?? false
        for member in json["addedEnvironment"]?.object ?? [:] {
            self.addedEnvironment[member.name] = member.value.strings
        }
        for member in json["tags"]?.object ?? [:] {
            self.tagNotes.append(TagNote(key: member.name, before: member.value.string))
        }
        if let propagateTags = json["service"]?["propagateTags"]?.string {
            let allowed = ["SERVICE", "TASK_DEFINITION", "NONE"]
            guard allowed.contains(propagateTags) else { return nil }
            let managedTags = json["service"]?["enableECSManagedTags"]?.bool ?? false
            self.service = ServiceSettings(propagateTags: propagateTags, managedTags: managedTags)
        }
    }

    /// The label's text: compact JSON, the same bytes for the same record.
    var text: String {
        var json: JSONObject = ["version": 1]
        let sets = [
            ("madeDependsOn", self.madeDependsOn), ("madeEnvironment", self.madeEnvironment),
            ("nullDependsOn", self.nullDependsOn), ("nullEnvironment", self.nullEnvironment),
        ]
        for (name, containers) in sets where !containers.isEmpty { json[name] = .strings(containers.sorted()) }
        if self.hadNullProxy { json["nullProxy"] = true }
        if !self.addedEnvironment.isEmpty {
            let sorted = self.addedEnvironment.sorted { $0.key < $1.key }
            json["addedEnvironment"] = .object(JSONObject(sorted.map { (name: $0.key, value: .strings($0.value)) }))
        }
        if !self.tagNotes.isEmpty {
            let notes = self.tagNotes.map { (name: $0.key, value: $0.before.map(JSONValue.string) ?? .null) }
            json["tags"] = .object(JSONObject(notes))
        }
        if let service = self.service {
            json["service"] = [
                "propagateTags": .string(service.propagateTags), "enableECSManagedTags": .bool(service.managedTags),
            ]
        }
        return JSONValue.object(json).text()
    }

    /// Notes what stood in place of a container's `dependsOn`.
    mutating func noteDependsOn(_ before: Container.ListBefore, of container: String) {
        Self.note(before, of: container, made: &self.madeDependsOn, null: &self.nullDependsOn)
    }

    /// Notes what stood in place of a container's `environment`.
    mutating func noteEnvironment(_ before: Container.ListBefore, of container: String) {
        Self.note(before, of: container, made: &self.madeEnvironment, null: &self.nullEnvironment)
    }

    private static func note(
        _ before: Container.ListBefore,
        of container: String,
        made: inout Set<String>,
        null: inout Set<String>
    ) {
        switch before {
        case .absent: made.insert(container)
        case .null: null.insert(container)
        case .list: break
        }
    }

    /// What stood in place of a container's `dependsOn`.
    func dependsOnBefore(_ container: String) -> Container.ListBefore {
        self.nullDependsOn.contains(container) ? .null : self.madeDependsOn.contains(container) ? .absent : .list
    }

    /// What stood in place of a container's `environment`.
    func environmentBefore(_ container: String) -> Container.ListBefore {
        self.nullEnvironment.contains(container) ? .null : self.madeEnvironment.contains(container) ? .absent : .list
    }
}
