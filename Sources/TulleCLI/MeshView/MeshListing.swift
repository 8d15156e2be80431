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
    /// - Throws: `CommandFailure` when a name is asked for and nothing has it.
    func run(_ admin: AdminClient, filter: MeshTables.Filter, output: OutputOptions) async throws -> String {
        // Endpoints and waypoints have their names from the whole view.
        let view = try await admin.meshView()
        let items = self.items(view, filter)
        if let name = filter.name, items.isEmpty {
            let place = filter.namespace.map { " in namespace \"\($0)\"" } ?? ""
            throw CommandFailure(
                "none of the \(self.rawValue)\(place) is called \"\(PlainLine.text(name, limit: 300))\"",
                hint: "'tulle get \(self.rawValue)' lists what the mesh knows"
            )
        }
        return output.text(JSONValue.object([:]).with(self.rawValue, .array(items))) { isWide in
            switch self {
            case .services: MeshTables.services(view, filter, isWide: isWide)
            case .workloads: MeshTables.workloads(view, filter, isWide: isWide)
            case .policies: MeshTables.policies(view, filter)
            }
        }
    }

    private func items(_ view: MeshView, _ filter: MeshTables.Filter) -> [JSONValue] {
        switch self {
        case .services: view.services.filter { filter.takes($0) }.map(\.json)
        case .workloads: view.workloads.filter { filter.takes($0) }.map(\.json)
        case .policies: view.policies.filter { filter.takes($0) }.map(\.json)
        }
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
