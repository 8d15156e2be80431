import MeshModel
import MeshYAML

extension LocalYAML {
    /// Reads an element of `services`.
    static func service(_ value: YAMLValue) throws(YAMLError) -> Service {
        var fields = try value.fields()
        let namespace = try self.name(try fields.require("namespace"))
        let hostname = try self.name(try fields.require("hostname"))
        var service = Service(
            key: NamespacedHostname(namespace: namespace, hostname: hostname),
            name: try fields.require("name").text()
        )
        service.vips = try self.list(fields.take("vips"), self.networkAddress)
        service.ranges = try self.list(fields.take("cidrVips"), self.range)
        service.ports = try fields.take("ports").map { value throws(YAMLError) in try self.ports(value) } ?? []
        if let endpoints = fields.take("endpoints"), try !endpoints.entries().isEmpty {
            throw endpoints.error("write an endpoint's ports in the field services of its workload")
        }
        service.subjectAltNames = try self.list(fields.take("subjectAltNames"), self.identity)
        if let gateway = fields.take("waypoint") { service.waypoint = try self.gateway(gateway) }
        service.weightedWaypoints = try self.list(fields.take("weightedWaypoints"), self.weightedWaypoint)
        if let balancer = fields.take("loadBalancer") { service.loadBalancing = try self.loadBalancing(balancer) }
        service.families =
            try fields.take("ipFamilies")?.word(["Dual": .dual, "IPv4": .v4Only, "IPv6": .v6Only]) ?? .automatic
        service.isCanonical = try fields.take("canonical")?.flag() ?? false
        service.visibility =
            try fields.take("visibility")?.word(["Public": .everywhere, "Namespace": .ownNamespace]) ?? .everywhere
        try fields.finish()
        return service
    }

    private static func identity(_ value: YAMLValue) throws(YAMLError) -> SPIFFEID {
        let text = try value.text()
        do throws(SPIFFEIDError) {
            return try SPIFFEID(parsing: text)
        } catch {
            throw value.error(allowed: "\(error)")
        }
    }

    private static func range(_ value: YAMLValue) throws(YAMLError) -> NetworkRange {
        var fields = try value.fields()
        let network = try fields.take("network")?.text() ?? ""
        let (base, length) = try self.block(try fields.require("cidr"))
        try fields.finish()
        return NetworkRange(network: network, base: base, prefixLength: length)
    }

    private static func weightedWaypoint(_ value: YAMLValue) throws(YAMLError) -> WeightedWaypoint {
        var fields = try value.fields()
        let gateway = try self.gateway(try fields.require("destination"))
        let weight: UInt32 = try fields.require("weight").integer(in: 0...UInt32.max)
        try fields.finish()
        return WeightedWaypoint(gateway: gateway, weight: weight)
    }

    private static func loadBalancing(_ value: YAMLValue) throws(YAMLError) -> LoadBalancing {
        var fields = try value.fields()
        let mode: LoadBalancing.Mode =
            try fields.take("mode")?
            .word(["Standard": .any, "Strict": .strict, "Failover": .failover, "Passthrough": .passthrough]) ?? .any
        let allowsUnhealthy: Bool =
            try fields.take("healthPolicy")?.word(["OnlyHealthy": false, "AllowAll": true]) ?? false
        let preference = try self.list(fields.take("routingPreferences")) { value throws(YAMLError) in
            try value.word([
                "Region": LoadBalancing.Scope.region, "Zone": .zone, "Subzone": .subzone, "Node": .node,
                "Cluster": .cluster, "Network": .network,
            ])
        }
        try fields.finish()
        return LoadBalancing(mode: mode, preference: preference, allowsUnhealthy: allowsUnhealthy)
    }
}
