import AWSClient

/// `tulle status`: who is connected, in the columns of `istioctl proxy-status`.
enum ProxyTable {
    /// The short names of resource types, as istioctl writes them.
    private static let shortNames = [
        "istio.workload.Address": "WDS", "istio.workload.Workload": "WDS", "istio.security.Authorization": "WADS",
        "Cluster": "CDS", "Listener": "LDS", "ClusterLoadAssignment": "EDS", "RouteConfiguration": "RDS",
        "TypedExtensionConfig": "ECDS", "Secret": "SDS",
    ]

    /// The table.
    /// - Parameter isWide: whether each type has a column with its state.
    static func text(_ proxies: [JSONValue], isWide: Bool) -> String {
        guard !proxies.isEmpty else { return "nobody is connected" }
        let types = Set(proxies.flatMap { Self.types(of: $0).map(\.name) }).sorted()
        var header = ["NAME", "CLUSTER", "TULLED", "VERSION"]
        header += isWide ? types + ["ADDRESS", "SINCE", "IDENTITY"] : ["SUBSCRIBED TYPES"]
        var table = Table(header)
        for proxy in proxies.sorted(by: { Self.name($0) < Self.name($1) }) {
            let states = Self.types(of: proxy)
            var row = [
                Self.name(proxy), proxy["cluster"]?.string ?? proxy["clusterId"]?.string ?? "-",
                proxy["controlPlane"]?.string ?? proxy["tulled"]?.string ?? "-", proxy["version"]?.string ?? "-",
            ]
            if isWide {
                row += types.map { type in states.first { $0.name == type }?.status ?? "-" }
                row += ["address", "since", "identity"].map { Self.text(proxy[$0]) }
            } else {
                row.append("\(states.count) (\(states.map(\.name).sorted().joined(separator: ",")))")
            }
            table.add(row)
        }
        return table.text
    }

    /// Proxies that refused what they were sent, one line each.
    static func problems(_ proxies: [JSONValue]) -> [String] {
        proxies.flatMap { proxy in
            (proxy["types"]?.array ?? []).compactMap { type -> String? in
                guard let error = type["lastError"]?.string, !error.isEmpty else { return nil }
                let name = Self.shortName(type["type"]?.string ?? "")
                return PlainLine.text("\(Self.name(proxy)) refused \(name): \(error)")
            }
        }
    }

    private static func types(of proxy: JSONValue) -> [(name: String, status: String)] {
        (proxy["types"]?.array ?? []).map { type in
            (name: Self.shortName(type["type"]?.string ?? "-"), status: type["status"]?.string ?? "-")
        }
    }

    private static func shortName(_ type: String) -> String {
        let name = type.split(separator: "/").last.map(String.init) ?? type
        return Self.shortNames[name] ?? name.split(separator: ".").last.flatMap { Self.shortNames[String($0)] } ?? name
    }

    /// The third part of `ztunnel~<ip>~<name>.<namespace>~<domain>`, or all of what is no such id.
    private static func name(_ proxy: JSONValue) -> String {
        let node = proxy["node"]?.string ?? "-"
        let parts = node.split(separator: "~", omittingEmptySubsequences: false)
        return parts.count == 4 ? String(parts[2]) : node
    }

    private static func text(_ json: JSONValue?) -> String {
        switch json {
        case nil, .null: "-"
        case .string(let text): text.isEmpty ? "-" : text
        case let other?: other.text()
        }
    }
}
