import MeshModel
import MeshProtos

/// Which endpoints come first by where they run: the modes of Istio's locality load balancing.
struct PlacePreference: Sendable {
    private enum Mode: Sendable {
        case none
        /// Subzone, zone, region, others; `favoured` is the region that follows our own.
        case failover(favoured: String?)
        /// Labels in order, with the value that each should have.
        case labels([(key: String, value: String)])
        /// The shares of places.
        case shares([TulleL7.Locality.Share])
    }

    private let mode: Mode
    private let place: ClientPlace

    /// What settings mean for a waypoint in a place. A distribution that says nothing of the place is none.
    init(_ settings: TulleL7.Locality?, place: ClientPlace) {
        self.place = place
        switch settings?.mode {
        case .failover?:
            let pair = settings?.failover.first { $0.from.utf8.elementsEqual(place.locality.region.utf8) }
            self.mode = .failover(favoured: pair?.to)
        case .priority?:
            self.mode = .labels((settings?.priority ?? []).map { Self.wanted($0, at: place) })
        case .distribute?:
            let rule = settings?.distribute.first { Self.matches(place.locality, $0.from) }
            self.mode = rule.map { .shares($0.to) } ?? .none
        default:
            self.mode = .none
        }
    }

    /// The priority of an endpoint, before empty ones are left out: zero comes first.
    func priority(of facts: EndpointFacts) -> Int {
        switch self.mode {
        case .none, .shares:
            return 0
        case .failover(let favoured):
            let mine = self.place.locality
            guard facts.locality.region == mine.region else {
                guard let favoured else { return 3 }
                return facts.locality.region.utf8.elementsEqual(favoured.utf8) ? 3 : 4
            }
            guard facts.locality.zone == mine.zone else { return 2 }
            return facts.locality.subzone == mine.subzone ? 0 : 1
        case .labels(let wanted):
            // The first label counts most: who differs there comes last.
            let differing = wanted.firstIndex { Self.value(of: $0.key, facts) != $0.value }
            return differing.map { wanted.count - $0 } ?? 0
        }
    }

    /// The weights of localities, where shares were given: those that are missing get no traffic.
    /// - Parameter weights: the weight of all endpoints of each locality.
    func shares(_ weights: [Locality: Double]) -> [Locality: Double]? {
        guard case .shares(let shares) = self.mode else { return nil }
        var result: [Locality: Double] = [:]
        for share in shares {
            let matching = weights.filter { result[$0.key] == nil && Self.matches($0.key, share.place) }
            let total = matching.values.reduce(0, +)
            guard total > 0 else { continue }
            for (locality, weight) in matching {
                result[locality] = (Double(share.percent) * weight / total).rounded(.up)
            }
        }
        return result.filter { $0.value > 0 }
    }

    // MARK: Patterns and labels

    /// Whether a locality fits `region/zone/subzone`, where `*` and what is not written fit anything.
    static func matches(_ locality: Locality, _ pattern: String) -> Bool {
        let parts = pattern.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        for (part, value) in zip(parts, [locality.region, locality.zone, locality.subzone]) {
            guard part == "*" || part.isEmpty || part.utf8.elementsEqual(value.utf8) else { return false }
        }
        return true
    }

    /// The key and value of `key` or `key=value`; the waypoint's own value where none was written.
    private static func wanted(_ text: String, at place: ClientPlace) -> (key: String, value: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let key = String(parts.first ?? "")
        if parts.count == 2 { return (key, String(parts[1])) }
        return (key, self.value(of: key, place.labels, place.locality, network: place.network, node: place.node))
    }

    private static func value(of key: String, _ facts: EndpointFacts) -> String {
        self.value(of: key, facts.labels, facts.locality, network: facts.network, node: facts.node)
    }

    /// A label, or what discovery knows of the same thing where the label was not written. A label that was counts, so
    /// that users can move a workload to where they want it.
    private static func value(
        of key: String,
        _ labels: [String: String],
        _ locality: Locality,
        network: String,
        node: String
    ) -> String {
        if let label = labels[key] { return label }
        return switch key {
        case "topology.kubernetes.io/region": locality.region
        case "topology.kubernetes.io/zone": locality.zone
        case "topology.istio.io/subzone": locality.subzone
        case "topology.istio.io/network": network
        case "kubernetes.io/hostname": node
        default: ""
        }
    }
}
