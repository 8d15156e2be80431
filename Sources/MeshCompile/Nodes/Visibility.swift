import MeshConfig

/// Who may see the services of a ServiceEntry.
enum Visibility: Hashable {
    case everyone
    case ownNamespace
    case nobody

    /// What the mesh allows in the entry's namespace, and what the entry asks for; the narrower counts.
    ///
    /// Istio does not enforce `exportTo` in ambient mode. Here `.` and `~` alone are; names of namespaces can't be.
    init(_ entry: Declared.ServiceEntry, namespaceLabels: [String: String], config: Declared.MeshConfig) {
        let rule = config.visibilityRules.first { $0.namespaceSelector.selects(namespaceLabels) }
        switch rule?.visibility ?? config.defaultVisibility {
        case .none: self = .nobody
        case .namespace: self = entry.exportTo == ["~"] ? .nobody : .ownNamespace
        case .public:
            switch entry.exportTo {
            case ["~"]: self = .nobody
            case ["."]: self = .ownNamespace
            default: self = .everyone
            }
        }
    }

    /// What the entry's owner should know.
    var condition: ResourceCondition {
        switch self {
        case .everyone:
            ResourceCondition(.visibilityApplied, true, reason: "Public", message: "seen by all namespaces")
        case .ownNamespace:
            ResourceCondition(.visibilityApplied, true, reason: "Namespace", message: "seen by its namespace only")
        case .nobody:
            ResourceCondition(.visibilityApplied, false, reason: "None", message: "seen by nobody")
        }
    }
}
