/// What an owner says about the waypoint in front of something.
package enum WaypointChoice: Hashable, Sendable {
    /// That there shall be none, whatever the namespace says.
    case none
    /// A Gateway by name; without a namespace, that of whoever says it.
    case gateway(namespace: String?, name: String)

    /// Reads the labels `istio.io/use-waypoint` and `istio.io/use-waypoint-namespace`; nil where they say nothing.
    init?(labels: [String: String]) {
        self.init(labels: labels, MeshKeys.useWaypoint, MeshKeys.useWaypointNamespace)
    }

    /// Reads the labels of the second waypoint.
    init?(canary labels: [String: String]) {
        self.init(labels: labels, MeshKeys.useWaypointCanary, MeshKeys.useWaypointCanaryNamespace)
    }

    private init?(labels: [String: String], _ name: String, _ namespace: String) {
        guard let name = labels[name], !name.isEmpty else { return nil }
        if name == "none" {
            self = .none
        } else {
            self = .gateway(namespace: labels[namespace].flatMap { $0.isEmpty ? nil : $0 }, name: name)
        }
    }
}
