import AWSClient

/// The Gateway of a waypoint, as `istioctl waypoint generate` writes it.
struct WaypointGateway: Sendable, Hashable {
    /// What a waypoint is for.
    enum Traffic: String, Sendable, CaseIterable {
        case service
        case workload
        case all
        case none
    }

    /// Labels and names that are part of Istio's contract.
    enum Label {
        static let trafficType = "istio.io/waypoint-for"
        static let revision = "istio.io/rev"
        static let use = "istio.io/use-waypoint"
        static let useNamespace = "istio.io/use-waypoint-namespace"
        static let dataplaneMode = "istio.io/dataplane-mode"
    }

    /// Gateway classes of waypoints.
    static let classes: Set<String> = ["istio-waypoint", "tulle-waypoint"]
    /// The name of one that is not named.
    static let usualName = "waypoint"
    /// Where waypoints take tunnels.
    static let port = 15008

    var name = WaypointGateway.usualName
    var namespace: String
    /// nil leaves the class's own, which is `service`.
    var traffic: Traffic?
    var revision: String?

    /// The document.
    var json: JSONValue {
        var labels: JSONObject = [:]
        if let traffic { labels[Label.trafficType] = .string(traffic.rawValue) }
        if let revision { labels[Label.revision] = .string(revision) }
        var metadata: JSONValue = [:]
        if !labels.isEmpty { metadata["labels"] = .object(labels) }
        metadata["name"] = .string(self.name)
        metadata["namespace"] = .string(self.namespace)
        return [
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "Gateway",
            "metadata": metadata,
            "spec": [
                "gatewayClassName": "istio-waypoint",
                "listeners": [["name": "mesh", "port": .int(Self.port), "protocol": "HBONE"]],
            ],
        ]
    }

    /// Whether a stored resource is a waypoint.
    static func isWaypoint(_ resource: StoredResource) -> Bool {
        resource.kind == "Gateway"
            && resource.json["spec"]?["gatewayClassName"]?.string.map(Self.classes.contains) ?? false
    }
}
