import AWSClient

/// `tulle get services|workloads|policies`: what ztunnels are told.
enum MeshListing: String, Sendable, CaseIterable {
    case services
    case workloads
    case policies

    /// The listing that a word names; nil for any other word.
    init?(_ word: String) {
        switch word.lowercased() {
        case "services", "service", "svc": self = .services
        case "workloads", "workload", "wl": self = .workloads
        case "policies", "policy": self = .policies
        default: return nil
        }
    }

    /// Asks for the list and writes it.
    func run(_ admin: AdminClient, filter: MeshTables.Filter, output: OutputOptions) async throws -> String {
        // Endpoints and waypoints have their names from the whole view.
        let view = try await admin.meshView()
        return output.text(self.json(view, filter)) { isWide in
            switch self {
            case .services: MeshTables.services(view, filter, isWide: isWide)
            case .workloads: MeshTables.workloads(view, filter, isWide: isWide)
            case .policies: MeshTables.policies(view, filter)
            }
        }
    }

    private func json(_ view: MeshView, _ filter: MeshTables.Filter) -> JSONValue {
        let items =
            switch self {
            case .services: view.services.filter { filter.takes($0.namespace) }.map(\.json)
            case .workloads: view.workloads.filter { filter.takes($0) }.map(\.json)
            case .policies: view.policies.filter { filter.takes($0.namespace) }.map(\.json)
            }
        return JSONValue.object([:]).with(self.rawValue, .array(items))
    }
}

extension JSONValue {
    /// The object with one more member.
    func with(_ name: String, _ value: JSONValue) -> JSONValue {
        var copy = self
        copy[name] = value
        return copy
    }
}
