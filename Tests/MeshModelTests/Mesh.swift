@testable import MeshModel

/// Pieces that tests build meshes from.
enum Mesh {
    static func id(_ serviceAccount: String, _ namespace: String = "shop") -> SPIFFEID {
        guard
            let id = try? SPIFFEID(
                trustDomain: "cluster.local",
                namespace: namespace,
                serviceAccount: serviceAccount
            )
        else { preconditionFailure("not an identity: \(namespace)/\(serviceAccount)") }
        return id
    }

    static func ip(_ text: String) -> IPAddress {
        guard let ip = IPAddress(parsing: text) else { preconditionFailure("not an address: \(text)") }
        return ip
    }

    static func socket(_ text: String) -> SocketAddress {
        guard let address = SocketAddress(parsing: text) else { preconditionFailure("not an address: \(text)") }
        return address
    }

    static let orders = NamespacedHostname(namespace: "shop", hostname: "orders.shop.mesh.internal")

    static func workload(
        _ name: String,
        _ addresses: String...,
        namespace: String = "shop",
        change: (inout Workload) -> Void = { _ in }
    ) -> Workload {
        var workload = Workload(uid: "ecs/Task/\(namespace)/\(name)", identity: self.id(name, namespace))
        workload.name = name
        workload.addresses = addresses.map(self.ip)
        workload.tunnel = .hbone
        change(&workload)
        return workload
    }

    static func endpoint(
        _ name: String,
        _ addresses: String...,
        port: UInt16 = 8080,
        change: (inout Workload) -> Void = { _ in }
    ) -> Workload {
        self.workload(name) {
            $0.addresses = addresses.map(self.ip)
            $0.services[self.orders] = [ServicePort(port: 80, targetPort: port)]
            change(&$0)
        }
    }

    static func service(
        _ name: String = "orders",
        _ vip: String? = "240.240.0.1",
        namespace: String = "shop",
        change: (inout Service) -> Void = { _ in }
    ) -> Service {
        let key = NamespacedHostname(namespace: namespace, hostname: "\(name).\(namespace).mesh.internal")
        var service = Service(key: key, name: name)
        service.vips = vip.map { [NetworkAddress(network: "", ip: self.ip($0))] } ?? []
        service.ports = [ServicePort(port: 80, targetPort: 8080)]
        change(&service)
        return service
    }

    static func snapshot(
        _ workloads: [Workload] = [],
        _ services: [Service] = [],
        _ policies: [AuthorizationPolicy] = []
    ) -> MeshSnapshot {
        var change = MeshChange()
        change.workloads = workloads
        change.services = services
        change.policies = policies
        return MeshSnapshot(change)
    }
}

extension OutboundDecision {
    /// The routes to try; none when it goes elsewhere.
    var routes: [OutboundRoute] {
        guard case .forward(let routes) = self else { return [] }
        return routes
    }

    /// The code of a refusal.
    var refusal: RefusalCode? {
        guard case .refuse(let code, _) = self else { return nil }
        return code
    }

    /// The text of a refusal.
    var refusalDetail: String? {
        guard case .refuse(_, let detail) = self else { return nil }
        return detail
    }
}

extension OutboundRoute {
    /// The only tunnel; nil for another passage.
    var tunnel: TunnelHop? {
        guard case .tunnel(let hop) = self.passage else { return nil }
        return hop
    }

    /// The two tunnels of a route to another network.
    var nested: (outer: TunnelHop, inner: TunnelHop)? {
        guard case .nested(let outer, let inner) = self.passage else { return nil }
        return (outer, inner)
    }

    /// What the only tunnel asks for.
    var authority: String? {
        guard case .ip(let ip) = self.address.host else { return nil }
        return self.tunnel?.authority(at: ip)
    }
}

/// A small seeded generator, so that a failing run can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var z = self.state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
