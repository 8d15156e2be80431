import AWSClient

/// What a control plane or a ztunnel knows of the mesh: services, workloads and policies, in the words of Istio's
/// ztunnel. Read leniently, so that members which are missing or new cost nothing.
struct MeshView: Sendable {
    var services: [Service] = []
    var workloads: [Workload] = []
    var policies: [Policy] = []
    /// Places in ``services`` by key, and by address with and without its network.
    private var places: [String: Int] = [:]

    /// A service.
    struct Service: Sendable {
        let json: JSONValue
        var name: String
        var namespace: String
        var hostname: String
        /// `network/ip`, as they are written.
        var vips: [String]
        /// `address/prefix length` of blocks of addresses.
        var ranges: [String]
        /// By service port.
        var ports: [(port: Int, target: Int)]
        /// `namespace/hostname` or `network/ip`; nil for none.
        var waypoint: String?
        /// The uids of its endpoints, and whether each is healthy.
        var endpoints: [(uid: String, isHealthy: Bool)]

        /// The key that workloads name it by.
        var key: String { "\(self.namespace)/\(self.hostname)" }

        /// The addresses without their network.
        var addresses: [String] { self.vips.map(MeshView.bare) + self.ranges }
    }

    /// A workload.
    struct Workload: Sendable {
        let json: JSONValue
        var uid: String
        var name: String
        var namespace: String
        var serviceAccount: String
        var addresses: [String]
        var hostname: String
        var node: String
        var transport: String
        var isHealthy: Bool
        var waypoint: String?
        /// Keys of the policies that the control plane lists for it.
        var policies: [String]
        /// Keys of its services.
        var services: [String]
        /// Its labels; nil where the answer has none at all.
        var labels: [String: String]?

        /// Whether a ztunnel stands before it, which takes tunnels and enforces policies.
        var isEnrolled: Bool { self.transport == "HBONE" }
    }

    /// An L4 policy.
    struct Policy: Sendable {
        let json: JSONValue
        var name: String
        var namespace: String
        var action: String
        var scope: String
        var isDryRun: Bool

        var key: String { "\(self.namespace)/\(self.name)" }
    }

    /// Reads a document with `services`, `workloads` and `policies`; each is a list, or an object of what would be
    /// in it.
    init(_ json: JSONValue) {
        self.workloads = Self.items(json["workloads"]).map(Workload.init)
            .sorted { ($0.namespace, $0.name, $0.node) < ($1.namespace, $1.name, $1.node) }
        let health = Dictionary(self.workloads.map { ($0.uid, $0.isHealthy) }) { first, _ in first }
        var selected: [String: [String]] = [:]
        for workload in self.workloads {
            for key in workload.services { selected[key, default: []].append(workload.uid) }
        }
        self.services = Self.items(json["services"]).map { Service($0, health: health, selected: selected) }
            .sorted { ($0.namespace, $0.name, $0.hostname) < ($1.namespace, $1.name, $1.hostname) }
        self.policies = Self.items(json["policies"]).map(Policy.init)
            .sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) }
        for (place, service) in self.services.enumerated() {
            for name in [service.key] + service.vips + service.vips.map(Self.bare) where self.places[name] == nil {
                self.places[name] = place
            }
        }
    }

    /// The service that a waypoint's `namespace/hostname` or `network/ip` leads to.
    func service(ofWaypoint key: String) -> Service? {
        (self.places[key] ?? self.places[Self.bare(key)]).map { self.services[$0] }
    }

    /// The elements of a list, or the values of an object.
    private static func items(_ json: JSONValue?) -> [JSONValue] {
        json?.array ?? json?.object.map { $0.map(\.value) } ?? []
    }

    /// `network/ip` without the network.
    static func bare(_ address: String) -> String {
        address.split(separator: "/", omittingEmptySubsequences: false).last.map(String.init) ?? address
    }

    /// The waypoint of something, as a key.
    fileprivate static func waypoint(_ json: JSONValue?) -> String? {
        guard let destination = json?["waypoint"]?["destination"] else { return nil }
        if let text = destination.string { return text }
        if let host = destination["hostname"]?.string ?? destination["hostname"]?["hostname"]?.string {
            let namespace = destination["namespace"]?.string ?? destination["hostname"]?["namespace"]?.string
            return namespace.map { "\($0)/\(host)" } ?? host
        }
        return destination["address"]?.string
    }
}

extension MeshView.Service {
    /// - Parameters:
    ///   - health: whether workloads are healthy, by uid.
    ///   - selected: uids of workloads by the services that they say they are of, for documents without `endpoints`.
    init(_ json: JSONValue, health: [String: Bool] = [:], selected: [String: [String]] = [:]) {
        self.json = json
        self.name = json["name"]?.string ?? "-"
        self.namespace = json["namespace"]?.string ?? ""
        self.hostname = json["hostname"]?.string ?? ""
        self.vips = json["vips"]?.strings ?? []
        self.ranges = (json["cidrVips"]?.array ?? []).compactMap { $0.string ?? $0["cidr"]?.string }
        self.ports = (json["ports"]?.object ?? [:]).compactMap { member in
            Int(member.name).map { (port: $0, target: member.value.int ?? 0) }
        }
        .sorted { $0.port < $1.port }
        self.waypoint = MeshView.waypoint(json)
        self.endpoints = (json["endpoints"]?.object ?? [:]).map { member in
            let uid = member.value["workloadUid"]?.string ?? member.name
            let status = member.value["status"]?.string.map { $0.lowercased() == "healthy" }
            return (uid: uid, isHealthy: status ?? health[uid] ?? true)
        }
        if json["endpoints"] == nil {
            self.endpoints = (selected["\(self.namespace)/\(self.hostname)"] ?? []).map { uid in
                (uid: uid, isHealthy: health[uid] ?? true)
            }
        }
    }
}

extension MeshView.Workload {
    init(_ json: JSONValue) {
        self.json = json
        self.uid = json["uid"]?.string ?? ""
        self.name = json["name"]?.string ?? "-"
        self.namespace = json["namespace"]?.string ?? ""
        self.serviceAccount = json["serviceAccount"]?.string ?? "default"
        self.addresses = json["workloadIps"]?.strings ?? []
        self.hostname = json["hostname"]?.string ?? ""
        self.node = json["node"]?.string ?? ""
        self.transport = json["protocol"]?.string ?? "TCP"
        self.isHealthy = json["status"]?.string.map { $0.lowercased() == "healthy" } ?? true
        self.waypoint = MeshView.waypoint(json)
        self.policies = json["authorizationPolicies"]?.strings ?? []
        self.services = json["services"]?.object.map(\.names) ?? json["services"]?.strings ?? []
        self.labels = json["labels"]?.object.map { members in
            Dictionary(members.map { ($0.name, $0.value.string ?? "") }) { first, _ in first }
        }
    }
}

extension MeshView.Policy {
    init(_ json: JSONValue) {
        self.json = json
        self.name = json["name"]?.string ?? "-"
        self.namespace = json["namespace"]?.string ?? ""
        self.action = json["action"]?.string ?? "-"
        self.scope = json["scope"]?.string ?? "-"
        self.isDryRun = json["dryRun"]?.bool ?? false
    }
}

extension AdminClient {
    /// Services, workloads and policies as the control plane sends them to ztunnels.
    func meshView() async throws -> MeshView {
        var whole: JSONValue = [:]
        for name in ["services", "workloads", "policies"] {
            whole[name] = try await self.call("GET", "/v1/\(name)")[name] ?? []
        }
        return MeshView(whole)
    }
}
