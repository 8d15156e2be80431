import AWSClient

/// What waypoints do with services, for people.
enum RouteTables {
    /// One part a service and waypoint.
    static func text(_ services: [JSONValue], isWide: Bool) -> String {
        guard !services.isEmpty else { return "no service is bound to a waypoint" }
        return services.map { self.service($0, isWide: isWide) }.joined(separator: "\n\n")
    }

    private static func service(_ service: JSONValue, isWide: Bool) -> String {
        var parts = [
            PlainLine.text("Service:   \(service["hostname"]?.string ?? "-")"),
            PlainLine.text("Waypoint:  \(service["waypoint"]?.string ?? "-")"),
        ]
        let policies = (service["authorizationPolicies"]?.array ?? []).map { policy in
            let dryRun = policy["dryRun"]?.bool == true ? ", dry run" : ""
            return "\(policy["name"]?.string ?? "-") (\(policy["action"]?.string ?? "-")\(dryRun))"
        }
        let tokens = (service["tokens"]?.array ?? []).map { rule in
            let issuer = rule["issuer"]?.string ?? "any issuer"
            return rule["hasKeys"]?.bool == false ? "\(issuer) (no keys: all refused)" : issuer
        }
        if !policies.isEmpty { parts.append(PlainLine.text("Policies:  \(policies.joined(separator: ", "))")) }
        if !tokens.isEmpty { parts.append(PlainLine.text("Tokens of: \(tokens.joined(separator: ", "))")) }
        parts.append(self.routes(service))
        if isWide { parts.append(self.clusters(service)) }
        return parts.joined(separator: "\n")
    }

    // MARK: Routes

    private static func routes(_ service: JSONValue) -> String {
        var table = Table(["PORT", "MATCH", "ACTION", "DESTINATIONS", "FEATURES", "ROUTE"])
        var rows = 0
        for port in service["ports"]?.array ?? [] {
            let number = port["port"]?.int.map { "\($0)" } ?? "-"
            for route in port["routes"]?.array ?? [] {
                rows += 1
                table.add([
                    number, route["match"]?.string ?? "*", route["action"]?.string ?? "-",
                    self.destinations(route), (route["features"]?.strings ?? []).joined(separator: ", "),
                    route["name"]?.string ?? "",
                ])
            }
            for route in port["tls"]?.array ?? [] {
                rows += 1
                let names = (route["names"]?.strings ?? []).joined(separator: ", ")
                let match = names.isEmpty ? "TLS" : "TLS \(names)"
                table.add([number, match, "pass", self.destinations(route), "", route["name"]?.string ?? ""])
            }
            for route in port["tcp"]?.array ?? [] {
                rows += 1
                table.add([number, "TCP", "pass", self.destinations(route), "", route["name"]?.string ?? ""])
            }
        }
        return rows == 0 ? "No routes: requests go to the service itself" : table.text
    }

    /// `<host>:<port>[/<subset>] <share>%`, or what refuses a share.
    private static func destinations(_ route: JSONValue) -> String {
        let all = route["destinations"]?.array ?? []
        let total = all.reduce(0) { $0 + max(0, $1["weight"]?.int ?? 0) }
        return all.map { destination in
            let weight = max(0, destination["weight"]?.int ?? 0)
            let share = all.count > 1 && total > 0 ? " \(weight * 100 / total)%" : ""
            if let reason = destination["reason"]?.string { return "refused (\(reason))\(share)" }
            return self.name(destination["cluster"]?.string ?? "-") + share
        }
        .joined(separator: ", ")
    }

    /// `outbound|<port>|<subset>|<host>` for people.
    private static func name(_ cluster: String) -> String {
        let parts = cluster.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4 else { return cluster }
        return "\(parts[3]):\(parts[1])" + (parts[2].isEmpty ? "" : "/\(parts[2])")
    }

    // MARK: Destinations

    private static func clusters(_ service: JSONValue) -> String {
        var table = Table(["DESTINATION", "SPEAKS", "BALANCING", "LABELS", "TLS", "LIMITS"])
        for cluster in service["clusters"]?.array ?? [] {
            let limits = (cluster["limits"]?.object ?? [:]).map { "\($0.name)=\($0.value.int ?? 0)" }.sorted()
            let balancing = cluster["missing"]?.bool == true ? "(is not there)" : cluster["loadBalancer"]?.string ?? "-"
            table.add([
                self.name(cluster["name"]?.string ?? "-"), cluster["protocol"]?.string ?? "-", balancing,
                (cluster["labels"]?.strings ?? []).joined(separator: ","), cluster["tls"]?.string ?? "-",
                limits.joined(separator: ","),
            ])
        }
        return table.text
    }
}
