import AWSClient

/// What a ztunnel's `/config_dump` says: of Istio's or of ours, which have one format.
struct ZTunnelDump: Sendable {
    let json: JSONValue
    /// Services, workloads and policies.
    let view: MeshView

    /// Reads a dump.
    init(_ json: JSONValue) {
        self.json = json
        self.view = MeshView(json)
    }

    /// One row a certificate: leaf first, then intermediates, then roots.
    var certificates: String { CertificateTable.text(self.json["certificates"]?.array ?? []) }

    /// Which connections are shown.
    enum Direction: String, Sendable, CaseIterable {
        case inbound
        case outbound
    }

    /// One row a live connection.
    /// - Parameters:
    ///   - direction: only this one; nil for both.
    ///   - namespace: only workloads of this one; nil for all.
    ///   - isRaw: whether addresses stay as they are; else those that are known become names.
    func connections(_ direction: Direction? = nil, namespace: String? = nil, isRaw: Bool = false) -> String {
        var table = Table(["WORKLOAD", "DIRECTION", "LOCAL", "REMOTE", "REMOTE TARGET", "PROTOCOL"])
        let names = isRaw ? [:] : self.names
        for state in self.workloadStates where namespace.map({ $0 == state.namespace }) ?? true {
            for shown in Direction.allCases where direction.map({ $0 == shown }) ?? true {
                for connection in state.json["connections"]?[shown.rawValue]?.array ?? [] {
                    table.add(Self.row(connection, shown, state.name, names))
                }
            }
        }
        return table.text
    }

    private static func row(
        _ connection: JSONValue,
        _ direction: Direction,
        _ workload: String,
        _ names: [String: String]
    ) -> [String] {
        func place(_ name: String) -> String { Self.named(connection[name]?.string, names) }
        let transport = connection["protocol"]?.string ?? "-"
        return switch direction {
        case .inbound: [workload, "Inbound", place("actualDst"), place("src"), "-", transport]
        case .outbound: [workload, "Outbound", place("src"), place("actualDst"), place("originalDst"), transport]
        }
    }

    /// `address:port` with the address's name in its place.
    private static func named(_ address: String?, _ names: [String: String]) -> String {
        guard let address, let colon = address.lastIndex(of: ":") else { return address ?? "-" }
        var host = String(address[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        return names[host].map { $0 + address[colon...] } ?? address
    }

    /// Names of addresses: `name.namespace` of workloads, host names of services.
    private var names: [String: String] {
        var names: [String: String] = [:]
        for service in self.view.services {
            for address in service.vips { names[MeshView.bare(address)] = service.hostname }
        }
        for workload in self.view.workloads {
            for address in workload.addresses { names[address] = "\(workload.name).\(workload.namespace)" }
        }
        return names
    }

    private var workloadStates: [(name: String, namespace: String, json: JSONValue)] {
        (self.json["workloadState"]?.object ?? [:]).map { member in
            let name = member.value["info"]?["name"]?.string ?? member.name
            let namespace = member.value["info"]?["namespace"]?.string ?? ""
            return (name: namespace.isEmpty ? name : "\(name).\(namespace)", namespace: namespace, json: member.value)
        }
        .sorted { $0.name < $1.name }
    }
}
