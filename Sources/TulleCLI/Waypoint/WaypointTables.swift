import AWSClient

/// The columns of `istioctl waypoint list` and `istioctl waypoint status`.
enum WaypointTables {
    /// One row a waypoint.
    static func list(_ waypoints: [StoredResource], showsNamespace: Bool) -> String {
        guard !waypoints.isEmpty else { return "there are no waypoints" }
        var table = Table((showsNamespace ? ["NAMESPACE"] : []) + ["NAME", "REVISION", "TRAFFIC TYPE", "PROGRAMMED"])
        for waypoint in waypoints {
            let labels = waypoint.json["metadata"]?["labels"]
            let programmed = waypoint.conditions.first { $0.type == "Programmed" }
            table.add(
                (showsNamespace ? [waypoint.namespace] : []) + [
                    waypoint.name, labels?[WaypointGateway.Label.revision]?.string ?? "default",
                    labels?[WaypointGateway.Label.trafficType]?.string ?? "service", programmed?.status ?? "Unknown",
                ]
            )
        }
        return table.text
    }

    /// One row a condition of a waypoint.
    static func status(_ waypoints: [StoredResource], showsNamespace: Bool) -> String {
        guard !waypoints.isEmpty else { return "there are no waypoints" }
        var table = Table((showsNamespace ? ["NAMESPACE"] : []) + ["NAME", "STATUS", "TYPE", "REASON", "MESSAGE"])
        for waypoint in waypoints {
            let place = (showsNamespace ? [waypoint.namespace] : []) + [waypoint.name]
            for condition in waypoint.conditions {
                table.add(place + [condition.status, condition.type, condition.reason, condition.message])
            }
            if waypoint.conditions.isEmpty {
                table.add(place + ["Unknown", "Programmed", "-", "nothing is known yet"])
            }
        }
        return table.text
    }
}
