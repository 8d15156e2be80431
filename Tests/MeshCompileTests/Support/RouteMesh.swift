import MeshConfig
import MeshModel
import MeshProtos
import MeshXDS
import Testing

@testable import MeshCompile

/// A mesh with a waypoint in front of namespace `shop`, services `orders`, `cart` and `pay` there and `audit` in `back`, and
/// what a test declares as YAML.
struct RouteMesh {
    var mesh: TestMesh

    static let owner = WaypointIdentity(trustDomain: "cluster.local", namespace: "shop", serviceAccount: "waypoint")

    init(_ yaml: String = "") throws {
        self.mesh = TestMesh()
        let ports = [
            ServicePort(port: 80, targetPort: 8080, appProtocol: .http11),
            ServicePort(port: 443, targetPort: 8443, appProtocol: .tls),
            ServicePort(port: 5000, targetPort: 5000, appProtocol: .tcp),
            ServicePort(port: 9000, targetPort: 9000, appProtocol: .grpc),
        ]
        self.mesh.apply(
            MeshDelta(
                services: ["orders", "cart", "pay"].map { Facts.service($0) { $0.ports = ports } }
                    + [Facts.service("audit", in: "back")],
                resources: [
                    Declare.namespace("shop", ["istio.io/use-waypoint": "waypoint"]), Declare.waypoint(),
                ]
            )
        )
        try self.declare(yaml)
    }

    /// Declares what a text holds.
    @discardableResult
    mutating func declare(_ yaml: String) throws -> CompiledChange {
        self.mesh.declare(try Self.read(yaml))
    }

    static func read(_ yaml: String) throws -> [DeclaredResource] {
        let file = ConfigurationReader().read(yaml, path: "mesh.yaml")
        try #require(file.diagnostics.filter { $0.severity == .error }.isEmpty, "\(file.diagnostics)")
        let resources = file.documents.compactMap(\.resource)
        try #require(resources.count == file.documents.count, "\(file.documents.map(\.diagnostics))")
        return resources
    }

    /// Text of several lines as a value that stands below its key.
    static func block(_ text: String) -> String { text.replacing("\n", with: "\n    ") }

    /// What the waypoint does with a service of `shop`.
    func routes(_ name: String = "orders", owner: WaypointIdentity = Self.owner) throws -> TulleL7.ServiceRoutes {
        try self.routes(of: Facts.key(name), owner: owner)
    }

    /// What a waypoint does with any service.
    func routes(of key: NamespacedHostname, owner: WaypointIdentity = Self.owner) throws -> TulleL7.ServiceRoutes {
        let resource = try #require(self.mesh.compiler.l7.routes[key]?[owner])
        #expect(resource.name == key.description)
        return try TulleL7.ServiceRoutes(decoding: resource.bytes)
    }

    func settings(_ name: String = "waypoint") throws -> TulleL7.WaypointSettings {
        let key = ResourceKey(kind: .gateway, namespace: "shop", name: name)
        return try TulleL7.WaypointSettings(decoding: try #require(self.mesh.compiler.l7.settings[key]).resource.bytes)
    }

    func port(_ port: UInt32 = 80, of name: String = "orders") throws -> TulleL7.PortRoutes? {
        try self.routes(name).ports.first { $0.port == port }
    }

    /// The routes of a port, one a line: conditions, then what follows.
    func table(_ port: UInt32 = 80, of name: String = "orders") throws -> [String] {
        guard let part = try self.port(port, of: name) else { return [] }
        return part.entries.map { RouteText.line($0, part.actions) }
    }

    func action(_ index: Int = 0, port: UInt32 = 80) throws -> TulleL7.RouteAction {
        let part = try #require(try self.port(port))
        let entry = try #require(part.entries.indices.contains(index) ? part.entries[index] : nil)
        return part.actions[Int(entry.action)]
    }

    func cluster(_ name: String, of service: String = "orders") throws -> TulleL7.Cluster {
        let clusters = try self.routes(service).clusters
        return try #require(clusters.first { $0.name == name }, "\(clusters.map(\.name))")
    }

    func condition(
        _ kind: ResourceCondition.Kind,
        of key: String
    ) -> String? {
        let statuses = self.mesh.compiler.statuses.first { $0.key.description == key }?.value
        return statuses?.first { $0.kind == kind }.map { "\($0.isTrue) \($0.reason)" }
    }
}

/// Routes as text.
enum RouteText {
    static func line(_ entry: TulleL7.RouteEntry, _ actions: [TulleL7.RouteAction]) -> String {
        let conditions = entry.match.map(self.conditions) ?? []
        let action = actions.indices.contains(Int(entry.action)) ? actions[Int(entry.action)] : nil
        return (conditions.isEmpty ? ["*"] : conditions).joined(separator: " ") + " > "
            + (action.map(self.action) ?? "nothing")
    }

    static func conditions(_ match: TulleL7.RouteMatch) -> [String] {
        var parts: [String] = []
        if let method = match.method { parts.append(self.text(method)) }
        if let path = match.path {
            let value = path.value + (path.ignoreCase ? "/i" : "")
            switch path.kind {
            case .exact: parts.append("=\(value)")
            case .segmentPrefix: parts.append(value)
            case .stringPrefix: parts.append("\(value)*")
            default: parts.append("~\(value)")
            }
        }
        parts += match.headers.map { "\($0.invert ? "!" : "")\($0.name):\($0.value.map(self.text) ?? "")" }
        parts += match.query.map { "?\($0.name)=\($0.value.map(self.text) ?? "")" }
        parts += match.scheme.map { ["scheme:\(self.text($0))"] } ?? []
        parts += match.authority.map { ["host:\(self.text($0))"] } ?? []
        parts += match.sourceNamespaces.map { "from:\($0)" }
        return parts
    }

    static func text(_ match: TulleL7.StringMatch) -> String {
        switch match.kind {
        case .exact: match.value
        case .prefix: "\(match.value)*"
        case .suffix: "*\(match.value)"
        case .regex: "~\(match.value)"
        default: "(any)"
        }
    }

    static func action(_ action: TulleL7.RouteAction) -> String {
        if let failure = action.failure { return "\(failure.status)" }
        if let redirect = action.redirect { return "redirect \(redirect.status)" }
        if let direct = action.direct { return "answer \(direct.status)" }
        return action.forward?.clusters.map(self.backend).joined(separator: ", ") ?? "nothing"
    }

    /// `<weight> <service>[:<port>][/<subset>]`, or the status of what refuses.
    static func backend(_ cluster: TulleL7.WeightedCluster) -> String {
        if let failure = cluster.failure { return "\(cluster.weight) \(failure.status)" }
        let parts = cluster.cluster.split(separator: "|", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return "\(cluster.weight) ?\(cluster.cluster)" }
        let name = parts[3].split(separator: ".").first ?? ""
        let port = parts[1] == "80" ? "" : ":\(parts[1])"
        return "\(cluster.weight) \(name)\(port)\(parts[2].isEmpty ? "" : "/\(parts[2])")"
    }
}
