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
    /// Names of the variables that were added, by container.
    var addedEnvironment: [String: [String]] = [:]
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
        for member in json["addedEnvironment"]?.object ?? [:] {
            self.addedEnvironment[member.name] = member.value.strings
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
        if !self.madeDependsOn.isEmpty { json["madeDependsOn"] = .strings(self.madeDependsOn.sorted()) }
        if !self.madeEnvironment.isEmpty { json["madeEnvironment"] = .strings(self.madeEnvironment.sorted()) }
        if !self.addedEnvironment.isEmpty {
            let sorted = self.addedEnvironment.sorted { $0.key < $1.key }
            json["addedEnvironment"] = .object(JSONObject(sorted.map { (name: $0.key, value: .strings($0.value)) }))
        }
        if let service = self.service {
            json["service"] = [
                "propagateTags": .string(service.propagateTags), "enableECSManagedTags": .bool(service.managedTags),
            ]
        }
        return JSONValue.object(json).text()
    }
}
