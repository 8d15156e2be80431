import MeshCompile

/// Tags of ECS as labels, which selectors of policies and Istio's own settings see.
enum TagLabels {
    /// Not those of AWS, which nobody chose, nor those that are settings of ours, nor those that would make a task an
    /// instance of somebody's gateway: a tag is no authority.
    private static let hidden = ["aws:", "tulle/", "ecs.solo.io/", "gateway.networking.k8s.io/", "gateway.istio.io/"]

    /// The tags that are labels.
    static func labels(_ tags: [String: String]) -> [String: String] {
        tags.filter { tag in !Self.hidden.contains { tag.key.hasPrefix($0) } }
    }

    /// A waypoint as the tag names it.
    static func waypoint(_ value: String?) -> WaypointChoice? {
        guard let value else { return nil }
        let parts = value.split(separator: "/", maxSplits: 1).map(String.init)
        switch (parts.first, parts.dropFirst().first) {
        case ("none"?, nil): return WaypointChoice.none
        case (let name?, nil): return .gateway(namespace: nil, name: name)
        case (let namespace?, let name?): return .gateway(namespace: namespace, name: name)
        case (nil, _): return nil
        }
    }
}
