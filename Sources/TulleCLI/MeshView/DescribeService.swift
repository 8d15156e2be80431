import AWSClient

/// `tulle describe service`: what ztunnels are told of a service, and what decides on connections to it.
struct DescribeService: Sendable {
    /// `name`, `namespace/name`, or a host name.
    var name: String
    /// The namespace; nil for any.
    var namespace: String?

    /// What the control plane knows, as far as it bears on the service.
    struct Facts: Sendable {
        var view: MeshView
        /// Gateways, AuthorizationPolicies and PeerAuthentications.
        var resources: [StoredResource]
    }

    /// Asks for the facts and describes.
    func run(_ admin: AdminClient, output: OutputOptions) async throws -> String {
        var facts = Facts(view: try await admin.meshView(), resources: [])
        for kind in ["Gateway", "AuthorizationPolicy", "PeerAuthentication"] {
            facts.resources += try await admin.resources(kind: kind)
        }
        let service = try self.service(in: facts.view)
        return output.text(service.json) { _ in Self.text(service, facts) }
    }

    /// The one service that the name means.
    /// - Throws: `CommandFailure` when none or several have it.
    func service(in view: MeshView) throws(CommandFailure) -> MeshView.Service {
        let parts = self.name.split(separator: "/", maxSplits: 1).map(String.init)
        let namespace = parts.count == 2 ? parts[0] : self.namespace
        let name = parts.last ?? ""
        let found = view.services.filter { service in
            [service.name, service.hostname, "\(service.name).\(service.namespace)"].contains(name)
                && (namespace ?? service.namespace) == service.namespace
        }
        guard let service = found.first else {
            let place = namespace.map { " in namespace \"\(PlainLine.text($0, limit: 64))\"" } ?? ""
            throw CommandFailure(
                "there is no service \"\(PlainLine.text(name, limit: 300))\"\(place)",
                hint: "'tulle get services' lists what the mesh knows"
            )
        }
        guard found.count == 1 else {
            let names = found.map(\.key).joined(separator: ", ")
            throw CommandFailure(
                "\(found.count) services are called \"\(name)\": \(names)",
                hint: "name one of them whole"
            )
        }
        return service
    }

    /// The description.
    static func text(_ service: MeshView.Service, _ facts: Facts) -> String {
        let endpoints = Self.endpoints(of: service, in: facts.view)
        var lines = [
            "Service:    \(service.namespace)/\(service.name)",
            "Hostname:   \(service.hostname)",
            "Addresses:  \(service.addresses.isEmpty ? "none" : service.addresses.joined(separator: ", "))",
            "Ports:      \(MeshTables.ports(service))",
            "Balancing:  \(Self.balancing(service))",
            "Waypoint:   \(Self.waypoint(of: service, facts))",
            "Plain TCP:  \(PeerModes.text(endpoints))",
        ]
        lines.append("Endpoints:  \(endpoints.count { $0.isHealthy }) of \(endpoints.count) healthy")
        if !endpoints.isEmpty {
            var table = Table(["WORKLOAD", "ADDRESS", "NODE", "PROTOCOL", "STATUS", "SERVICE ACCOUNT"])
            for endpoint in endpoints {
                table.add([
                    endpoint.name, endpoint.addresses.first ?? endpoint.hostname, endpoint.node, endpoint.transport,
                    endpoint.isHealthy ? "Healthy" : "Unhealthy", endpoint.serviceAccount,
                ])
            }
            lines += Self.indented(table.text)
        }
        lines.append("Policies enforced by ztunnel:")
        lines += Self.policies(endpoints.filter(\.isEnrolled), facts.view)
        lines.append("Policies enforced by the waypoint:")
        lines += Self.waypointPolicies(service, facts)
        return lines.joined(separator: "\n")
    }

    private static func endpoints(of service: MeshView.Service, in view: MeshView) -> [MeshView.Workload] {
        let uids = Set(service.endpoints.map(\.uid))
        return view.workloads.filter { uids.contains($0.uid) }
    }

    private static func balancing(_ service: MeshView.Service) -> String {
        guard let balancer = service.json["loadBalancer"] else { return "any endpoint" }
        let preferences = balancer["routingPreferences"]?.strings ?? []
        let mode = balancer["mode"]?.string ?? "Standard"
        return preferences.isEmpty ? mode : "\(mode) by \(preferences.joined(separator: ", "))"
    }

    /// The chain: the gateway, whether it is ready, and how many of its workloads are.
    private static func waypoint(of service: MeshView.Service, _ facts: Facts) -> String {
        guard let key = service.waypoint else { return "none; connections go to the endpoints directly" }
        guard let found = facts.view.service(ofWaypoint: key) else {
            return "\(key), which the mesh does not know: connections to the service fail"
        }
        let healthy = found.endpoints.count { $0.isHealthy }
        let gateway = facts.resources.first {
            $0.kind == "Gateway" && $0.namespace == found.namespace && $0.name == found.name
        }
        let programmed = gateway?.conditions.first { $0.type == "Programmed" }.map { ", Programmed \($0.status)" } ?? ""
        return "\(found.namespace)/\(found.name), \(healthy) of \(found.endpoints.count) endpoints healthy\(programmed)"
    }

    private static func policies(_ endpoints: [MeshView.Workload], _ view: MeshView) -> [String] {
        guard !endpoints.isEmpty else { return ["  none: no endpoint has a ztunnel"] }
        var table = Table(["POLICY", "ACTION", "SCOPE", "ENDPOINTS"])
        var rows = 0
        for policy in view.policies {
            let count: Int
            switch policy.scope.lowercased() {
            case "global": count = endpoints.count
            case "namespace": count = endpoints.count { $0.namespace == policy.namespace }
            default: count = endpoints.count { $0.policies.contains(policy.key) }
            }
            guard count > 0 else { continue }
            rows += 1
            let action = policy.action + (policy.isDryRun ? " (dry run)" : "")
            table.add([policy.key, action, policy.scope, "\(count) of \(endpoints.count)"])
        }
        let missing = Set(endpoints.flatMap(\.policies)).subtracting(view.policies.map(\.key)).sorted()
        var lines = rows == 0 ? ["  none: everybody may connect"] : Self.indented(table.text)
        lines += missing.map { "  \($0) is listed and not known: connections are refused until it is" }
        return lines
    }

    private static func waypointPolicies(_ service: MeshView.Service, _ facts: Facts) -> [String] {
        let gateway = service.waypoint.flatMap { facts.view.service(ofWaypoint: $0) }
        var lines: [String] = []
        for policy in facts.resources where policy.kind == "AuthorizationPolicy" {
            let spec = policy.json["spec"]
            let references = (spec?["targetRefs"]?.array ?? []) + [spec?["targetRef"]].compactMap { $0 }
            let isTargeted = references.contains { reference in
                let name = reference["name"]?.string
                return switch reference["kind"]?.string {
                case "Service", "ServiceEntry": policy.namespace == service.namespace && name == service.name
                case "Gateway": gateway.map { policy.namespace == $0.namespace && name == $0.name } ?? false
                case "GatewayClass": gateway != nil
                default: false
                }
            }
            guard isTargeted else { continue }
            let effect = service.waypoint == nil ? ", without effect: the service has no waypoint" : ""
            lines.append("  \(policy.namespace)/\(policy.name) \(spec?["action"]?.string ?? "ALLOW")\(effect)")
        }
        return lines.isEmpty ? ["  none"] : lines
    }

    private static func indented(_ text: String) -> [String] {
        text.split(separator: "\n").map { "  \($0)" }
    }
}
