import AWSClient

/// App Mesh's proxy in a task definition.
enum AppMeshSidecar {
    /// What a proxy stands for.
    enum Role: Hashable {
        case virtualNode(String)
        case virtualGateway(String)
    }

    /// Variables by which the proxy learns what it is, newest first.
    private static let names = ["APPMESH_RESOURCE_ARN", "APPMESH_VIRTUAL_NODE_NAME"]

    /// The container that is the proxy, and what it stands for; nil when there is none.
    static func find(in definition: TaskDefinition) -> (container: Container, role: Role)? {
        for container in definition.containers {
            for variable in container.json["environment"]?.array ?? [] {
                guard let name = variable["name"]?.string, self.names.contains(name),
                    let role = variable["value"]?.string.flatMap(self.role)
                else { continue }
                return (container, role)
            }
        }
        return nil
    }

    /// Reads `mesh/M/virtualNode/N`, alone or at the end of an ARN.
    private static func role(_ value: String) -> Role? {
        let parts = value.split(separator: ":").last?.split(separator: "/").map(String.init) ?? []
        guard parts.count == 4, parts[0] == "mesh" else { return nil }
        switch parts[2] {
        case "virtualNode": return .virtualNode(parts[3])
        case "virtualGateway": return .virtualGateway(parts[3])
        default: return nil
        }
    }

    /// What the redirect of App Mesh was told, as far as it is carried over.
    struct Redirect: Hashable {
        /// Ports of the app that are captured, in the order that was written.
        var appPorts: [Int] = []
        /// Destination ports that go past the proxy.
        var ignoredPorts: [Int] = []
        /// What has no counterpart: the property, and why.
        var lost: [(name: String, reason: String)] { self.rest.map { ($0.name, $0.reason) } }

        private var rest: [Lost] = []

        private struct Lost: Hashable {
            var name: String
            var reason: String
        }

        init(_ proxy: JSONValue?) {
            for property in proxy?["properties"]?.array ?? [] {
                guard let name = property["name"]?.string else { continue }
                let value = property["value"]?.string ?? ""
                switch name {
                case "AppPorts": self.appPorts = self.ports(name, value)
                case "EgressIgnoredPorts": self.ignoredPorts = self.ports(name, value)
                case "EgressIgnoredIPs":
                    let known = Set(ZTunnelPorts.linkLocal.split(separator: ",").map(String.init))
                    let other = value.split(separator: ",").map { $0.filter { $0 != " " } }
                        .filter { !$0.isEmpty && !known.contains($0) }
                    if !other.isEmpty {
                        self.rest.append(
                            Lost(
                                name: name,
                                reason:
                                    "\(other.joined(separator: ", ")) were left alone; ztunnel passes connections to "
                                    + "addresses that the mesh does not know on as they are, so it takes no such list"
                            )
                        )
                    }
                case "IgnoredGID":
                    self.rest.append(
                        Lost(
                            name: name,
                            reason: "containers of group \(value) went past the proxy; now they go through ztunnel"
                        )
                    )
                // The proxy's own user and ports, which ztunnel's take the place of.
                case "IgnoredUID", "ProxyIngressPort", "ProxyEgressPort": continue
                default: self.rest.append(Lost(name: name, reason: "is not known, and is not carried over"))
                }
            }
        }

        private mutating func ports(_ name: String, _ value: String) -> [Int] {
            var ports: [Int] = []
            for text in value.split(separator: ",").map({ $0.filter { $0 != " " } }) {
                guard let port = Int(text), (1...65_535).contains(port) else {
                    self.rest.append(Lost(name: name, reason: "\"\(text)\" is no port, and is not carried over"))
                    continue
                }
                if !ports.contains(port) { ports.append(port) }
            }
            guard ports.count > ZTunnelPorts.mostAppPorts else { return ports }
            let over = ports.dropFirst(ZTunnelPorts.mostAppPorts).map(String.init).joined(separator: ", ")
            self.rest.append(
                Lost(name: name, reason: "ECS takes \(ZTunnelPorts.mostAppPorts) ports; \(over) are left out")
            )
            return Array(ports.prefix(ZTunnelPorts.mostAppPorts))
        }
    }

    /// Takes the proxy out: its container, what waits for it, and the redirect to it. Nothing else changes.
    static func remove(_ name: String, from definition: TaskDefinition) -> TaskDefinition {
        var edited = definition
        edited.containers.removeAll { $0.name == name }
        for index in edited.containers.indices {
            edited.containers[index].stopWaiting(for: name, before: .absent)
        }
        edited["proxyConfiguration"] = nil
        return edited
    }
}
