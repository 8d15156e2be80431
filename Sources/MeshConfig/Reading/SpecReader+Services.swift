extension SpecReader {
    static func serviceEntry(_ spec: ConfigValue) -> Declared.ServiceEntry {
        Declared.ServiceEntry(
            hosts: spec.texts("hosts"),
            addresses: spec.texts("addresses"),
            ports: spec.list("ports").map { port in
                Declared.ServiceEntry.Port(
                    number: port.port("number") ?? 0,
                    name: port.text("name") ?? "",
                    protocol: port.text("protocol")?.uppercased() ?? "",
                    targetPort: port.port("targetPort")
                )
            },
            location: spec.word("location") ?? .external,
            resolution: spec.word("resolution") ?? .none,
            endpoints: spec.list("endpoints").map(self.workloadEntry),
            workloadSelector: spec["workloadSelector"].map { Declared.Selector(matchLabels: $0.labels("labels")) },
            subjectAltNames: spec.texts("subjectAltNames"),
            exportTo: spec.texts("exportTo")
        )
    }

    static func workloadEntry(_ spec: ConfigValue) -> Declared.WorkloadEntry {
        let ports = spec["ports"]?.entries ?? [:]
        return Declared.WorkloadEntry(
            address: spec.text("address") ?? "",
            ports: ports.compactMapValues { value in value.integer.flatMap { UInt16(exactly: $0) } },
            labels: spec.labels("labels"),
            network: spec.text("network"),
            locality: spec.text("locality") ?? "",
            weight: spec["weight"]?.integer.flatMap { UInt32(exactly: $0) },
            serviceAccount: spec.text("serviceAccount") ?? ""
        )
    }

    static func gateway(_ spec: ConfigValue) -> Declared.Gateway {
        Declared.Gateway(
            gatewayClassName: spec.text("gatewayClassName") ?? "",
            listeners: spec.list("listeners").map { listener in
                Declared.Gateway.Listener(
                    name: listener.text("name") ?? "",
                    port: listener.port("port") ?? 0,
                    protocol: listener.text("protocol") ?? "",
                    hostname: listener.text("hostname"),
                    tlsMode: listener["tls"]?.text("mode"),
                    allowedNamespaces: self.routeNamespaces(listener["allowedRoutes"]?["namespaces"])
                )
            },
            addresses: spec.list("addresses").map { address in
                let value = address.text("value") ?? ""
                return address.text("type") == "Hostname" ? .hostname(value) : .ip(value)
            },
            infrastructureLabels: spec["infrastructure"]?.labels("labels") ?? [:],
            infrastructureAnnotations: spec["infrastructure"]?.labels("annotations") ?? [:]
        )
    }

    private static func routeNamespaces(_ value: ConfigValue?) -> Declared.Gateway.RouteNamespaces {
        switch value?.text("from") {
        case "All": .all
        case "Selector": .selector(self.labelSelector(value?["selector"]))
        default: .same
        }
    }
}
