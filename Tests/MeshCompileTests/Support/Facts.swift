import MeshConfig
import MeshModel

@testable import MeshCompile

/// Facts, as short as can be.
enum Facts {
    static let domain = "mesh.internal"

    static func key(_ name: String, in namespace: String = "shop") -> NamespacedHostname {
        NamespacedHostname(namespace: namespace, hostname: "\(name).\(namespace).\(self.domain)")
    }

    /// A task behind a service of its namespace, at `10.0.0.<number>`.
    static func task(
        _ number: UInt32,
        of service: String? = "orders",
        in namespace: String = "shop",
        _ fill: (inout WorkloadFacts) -> Void = { _ in }
    ) -> WorkloadFacts {
        var facts = WorkloadFacts(uid: "t\(number)", name: "t\(number)", namespace: namespace)
        facts.addresses = [IPAddress(v4: 10 << 24 | number)]
        facts.tunnel = .hbone
        facts.serviceAccount = service ?? "default"
        facts.workloadName = service ?? "alone"
        if let service {
            facts.labels = ["app": service]
            facts.services = [self.key(service, in: namespace): [ServicePort(port: 80, targetPort: 8080)]]
        }
        fill(&facts)
        return facts
    }

    static func service(
        _ name: String = "orders",
        in namespace: String = "shop",
        _ fill: (inout ServiceFacts) -> Void = { _ in }
    ) -> ServiceFacts {
        var facts = ServiceFacts(key: self.key(name, in: namespace), name: name)
        facts.ports = [ServicePort(port: 80, targetPort: 8080, appProtocol: .http11)]
        fill(&facts)
        return facts
    }
}

extension Declare {
    static func namespace(
        _ name: String,
        _ labels: [String: String] = [:],
        annotations: [String: String] = [:]
    ) -> DeclaredResource {
        self.resource(.namespace, name, labels: labels, annotations: annotations)
    }

    static func entry(
        _ hosts: [String],
        name: String = "entry",
        in namespace: String = "shop",
        created: Int64 = 0,
        labels: [String: String] = [:],
        annotations: [String: String] = [:],
        _ fill: (inout Declared.ServiceEntry) -> Void = { _ in }
    ) -> DeclaredResource {
        var entry = Declared.ServiceEntry(
            hosts: hosts,
            ports: [.init(number: 443, name: "https", protocol: "TLS")],
            resolution: .static
        )
        fill(&entry)
        return self.resource(
            .serviceEntry(entry),
            name,
            in: namespace,
            created: created,
            labels: labels,
            annotations: annotations
        )
    }

    static func machine(
        _ address: String,
        name: String = "vm",
        in namespace: String = "shop",
        labels: [String: String] = [:],
        _ fill: (inout Declared.WorkloadEntry) -> Void = { _ in }
    ) -> DeclaredResource {
        var entry = Declared.WorkloadEntry(address: address)
        fill(&entry)
        return self.resource(.workloadEntry(entry), name, in: namespace, labels: labels)
    }

    static func waypoint(
        _ name: String = "waypoint",
        in namespace: String = "shop",
        audience: String? = nil,
        binding: String? = nil,
        addresses: [Declared.Gateway.Address] = [.hostname("waypoint.example")],
        listeners: [Declared.Gateway.Listener] = [.init(name: "mesh", port: 15008, protocol: "HBONE")]
    ) -> DeclaredResource {
        let gateway = Declared.Gateway(
            gatewayClassName: "istio-waypoint",
            listeners: listeners,
            addresses: addresses
        )
        return self.resource(
            .gateway(gateway),
            name,
            in: namespace,
            labels: audience.map { ["istio.io/waypoint-for": $0] } ?? [:],
            annotations: binding.map { ["ambient.istio.io/waypoint-inbound-binding": $0] } ?? [:]
        )
    }

    static func mesh(_ fill: (inout Declared.MeshConfig) -> Void) -> DeclaredResource {
        var config = Declared.MeshConfig()
        fill(&config)
        return self.resource(.meshConfig(config), "default")
    }

    static func eastWest(
        _ network: String,
        _ address: Declared.Gateway.Address?,
        name: String? = nil,
        created: Int64 = 0,
        class className: String = "istio-east-west",
        protocol: String = "HBONE",
        tlsMode: String? = "Terminate"
    ) -> DeclaredResource {
        let gateway = Declared.Gateway(
            gatewayClassName: className,
            listeners: [.init(name: "mesh", port: 15008, protocol: `protocol`, tlsMode: tlsMode)],
            addresses: [address].compactMap(\.self)
        )
        return self.resource(
            .gateway(gateway),
            name ?? "gw-\(network)",
            in: "gateways",
            created: created,
            labels: ["topology.istio.io/network": network]
        )
    }
}
