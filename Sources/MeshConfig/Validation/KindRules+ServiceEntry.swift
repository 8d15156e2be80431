import MeshModel

extension KindRules {
    private static let webProtocols: Set<String> = ["HTTP", "HTTPS", "GRPC", "HTTP2", "GRPC-WEB", "TLS"]

    mutating func serviceEntry(_ spec: SpecCursor) {
        let resolution = spec.text("resolution") ?? "NONE"
        let ports = spec.list("ports")
        self.report.refuseDuplicates(spec.list("hosts"), "host") { $0.text }
        self.report.refuseDuplicates(spec.list("addresses"), "address") { $0.text }
        self.report.refuseDuplicates(ports, "port name") { $0.text("name") ?? "" }
        self.report.refuseDuplicates(ports, "port number") { "\($0.value["number"]?.integer ?? 0)" }
        self.exportTo(spec)
        self.addresses(spec, resolution: resolution)
        self.endpoints(spec, resolution: resolution)
        self.hosts(spec, resolution: resolution)
        if resolution == "DYNAMIC_DNS" { self.dynamicDNS(spec) }
        if let selector = spec["workloadSelector"], selector["labels"]?.entries.isEmpty != false {
            self.report.error(.contradiction, selector, "needs labels: it would select every workload")
        }
    }

    private mutating func addresses(_ spec: SpecCursor, resolution: String) {
        guard resolution != "NONE", resolution != "STATIC" else { return }
        for address in spec.list("addresses") where AddressBlock(parsing: address.text)?.isSingle == false {
            self.report.error(.contradiction, address, "a block needs resolution NONE or STATIC, it is \(resolution)")
        }
    }

    private mutating func hosts(_ spec: SpecCursor, resolution: String) {
        let hosts = spec.list("hosts")
        for host in hosts where host.text.hasPrefix("*.") && resolution != "DYNAMIC_DNS" && resolution != "NONE" {
            self.report.warning(.noEffect, host, "a wildcard needs resolution DYNAMIC_DNS or NONE to be reached")
        }
        guard hosts.count > 1, resolution != "NONE" else { return }
        for port in spec.list("ports") {
            let name = (port.text("protocol") ?? "").uppercased()
            guard !Self.webProtocols.contains(name) else { continue }
            self.report.error(
                .contradiction,
                port,
                "several hosts can't be told apart on a port without HTTP or TLS; name the protocol or use one host"
            )
        }
    }

    private mutating func endpoints(_ spec: SpecCursor, resolution: String) {
        let endpoints = spec.list("endpoints")
        let names = Set(spec.list("ports").compactMap { $0.text("name") })
        for endpoint in endpoints { self.workloadEntry(endpoint, ports: names) }
        switch resolution {
        case "NONE" where !endpoints.isEmpty:
            self.report.error(.contradiction, spec, "resolution NONE takes no endpoints; use STATIC or DNS")
        case "STATIC":
            for endpoint in endpoints where IPAddress(parsing: endpoint.text("address") ?? "") == nil {
                let address = endpoint.text("address") ?? ""
                if address.isEmpty, endpoint["network"] != nil { continue }
                self.report.error(
                    .contradiction,
                    endpoint,
                    "resolution STATIC needs IP addresses, \(Quoted(address)) is none"
                )
            }
        case "DNS", "DNS_ROUND_ROBIN":
            if endpoints.isEmpty, spec["workloadSelector"] == nil {
                for host in spec.list("hosts") where host.text.hasPrefix("*.") {
                    self.report.error(.contradiction, host, "a wildcard can't be resolved; name endpoints")
                }
            }
            if resolution == "DNS_ROUND_ROBIN", endpoints.count > 1 {
                self.report.error(.contradiction, spec, "resolution DNS_ROUND_ROBIN takes one endpoint at most")
            }
        default: break
        }
    }

    private mutating func dynamicDNS(_ spec: SpecCursor) {
        for host in spec.list("hosts") where !host.text.hasPrefix("*.") {
            self.report.error(.contradiction, host, "resolution DYNAMIC_DNS needs wildcard hosts such as *.example.com")
        }
        for field in ["addresses", "endpoints"] where !spec.list(field).isEmpty {
            self.report.error(.contradiction, spec, "resolution DYNAMIC_DNS takes no \(field)")
        }
        let protocols = ["HTTP", "TLS", "GRPC", "HTTP2"]
        for port in spec.list("ports") where !protocols.contains((port.text("protocol") ?? "").uppercased()) {
            self.report.error(
                .contradiction,
                port,
                "resolution DYNAMIC_DNS needs a protocol of \(protocols.joined(separator: ", "))"
            )
        }
        if spec.text("location") == "MESH_INTERNAL", self.metadata.labels["istio.io/use-waypoint"] != nil {
            self.report.error(
                .contradiction,
                spec,
                "resolution DYNAMIC_DNS with a waypoint needs location MESH_EXTERNAL"
            )
        }
    }

    /// - Parameter ports: names of the ports of the entry that the endpoint belongs to; nil for one by itself.
    mutating func workloadEntry(_ entry: SpecCursor, ports: Set<String>?) {
        let address = entry.text("address") ?? ""
        if address.isEmpty {
            if entry["network"] == nil {
                self.report.error(.missingField, entry, "needs an address, or a network that is reached by a gateway")
            } else {
                self.report.warning(.noEffect, entry, "has no address: it is reached by its network's gateway only")
            }
        } else if address.hasPrefix("unix:") || address.hasPrefix("/") {
            self.report.error(.unsupportedValue, entry, "sockets of the file system are not supported by Tulle")
        } else if IPAddress(parsing: address) == nil, !TextForm.isDomain(address[...]) {
            self.report.error(.badValue, entry, "address \(Quoted(address)) must be an IP address or a host name")
        }
        for (name, port) in entry["ports"]?.entries ?? [] {
            guard let ports, !ports.contains(name) else { continue }
            let known = ports.sorted().joined(separator: ", ")
            self.report.error(.contradiction, port, "names no port of the service (there are \(known))")
        }
        let parts = (entry.text("locality") ?? "").split(separator: "/", omittingEmptySubsequences: false)
        if parts.count > 3 || (parts.count > 1 && parts.contains("")) {
            self.report.error(
                .badValue,
                entry,
                "locality must be <region>, <region>/<zone> or <region>/<zone>/<subzone>"
            )
        }
    }
}
