import MeshConfig
import MeshModel
import MeshProtos

extension ServiceCompilation {
    /// Adds the rules of a VirtualService in the order in which they were written, up to one for everything.
    mutating func add(
        _ resource: DeclaredResource,
        _ spec: ConfigValue,
        _ port: ServicePort,
        to table: inout RouteTable
    ) {
        for (index, rule) in spec.list("http").enumerated() {
            if rule["delegate"] == nil {
                self.add(VirtualServiceRule(rule, index: index, of: resource), rule, port, resource, to: &table)
            } else {
                let delegation = Delegation(rule, of: resource, in: self.mesh)
                for (child, owner) in delegation.rules {
                    let merged = VirtualServiceRule(child, index: index, of: owner)
                    self.add(merged, child, port, owner, to: &table)
                    if table.isClosed { return }
                }
            }
            if table.isClosed { return }
        }
    }

    private mutating func add(
        _ rule: VirtualServiceRule,
        _ value: ConfigValue,
        _ port: ServicePort,
        _ owner: DeclaredResource,
        to table: inout RouteTable
    ) {
        var places: [TulleL7.RouteAction: UInt32] = [:]
        for match in rule.matches(port: port.port) ?? [] {
            let conditions = VirtualServiceMatch.match(match, needsPath: value["rewrite"]?["uri"] != nil)
            var action = rule.action(for: match, port: port, &self)
            action.operation = self.operation(action, match: conditions.path, port: port, route: owner)
            let place: UInt32
            if let known = places[action] {
                place = known
            } else {
                place = table.add(action)
                places[action] = place
            }
            table.add(conditions, action: place)
            if table.isClosed { return }
        }
    }

    // MARK: Bytes and TLS

    /// TLS by server name: TLSRoutes first, the most specific name first, then VirtualServices in their order.
    mutating func addServerNames(_ sources: RouteSources, _ port: ServicePort, to part: inout TulleL7.PortRoutes) {
        var routes: [TulleL7.ServerNameRoute] = []
        for route in sources.routes(.tlsRoute, port: port.port) {
            guard case .route(_, let spec) = route.spec else { continue }
            // The first rule of a route takes all that it is for.
            guard let rule = spec.list("rules").first else { continue }
            routes.append(
                TulleL7.ServerNameRoute.with {
                    $0.names = spec.texts("hostnames")
                    $0.clusters = self.backends(of: rule, of: route)
                    $0.name = self.name(of: route, rule, 0)
                }
            )
        }
        var sorted = routes.flatMap { route -> [TulleL7.ServerNameRoute] in
            guard !route.names.isEmpty else { return [route] }
            return route.names.map { name in
                var single = route
                single.names = [name]
                return single
            }
        }.enumerated().sorted { left, right in
            let weights = (
                HostNames.weight(left.element.names.first ?? "*"), HostNames.weight(right.element.names.first ?? "*")
            )
            return weights.0 == weights.1 ? left.offset < right.offset : weights.0 > weights.1
        }.map(\.element)
        for resource in sources.virtualServices {
            guard case .route(_, let spec) = resource.spec else { continue }
            for (index, rule) in spec.list("tls").enumerated() {
                let matches = rule.list("match").filter {
                    VirtualServiceRule.isForMesh($0) && ($0.port("port") ?? port.port) == port.port
                }
                guard !matches.isEmpty else { continue }
                sorted.append(
                    TulleL7.ServerNameRoute.with {
                        $0.names = matches.flatMap { $0.texts("sniHosts") }
                        $0.clusters = self.destinations(of: rule, of: resource, port)
                        $0.name = self.name(of: resource, rule, index)
                    }
                )
            }
        }
        part.tls = sorted
    }

    /// Any bytes: the oldest TCPRoute, else the first rule of a VirtualService that is for the port.
    mutating func addStreams(_ sources: RouteSources, _ port: ServicePort, to part: inout TulleL7.PortRoutes) {
        if let route = sources.routes(.tcpRoute, port: port.port).first, case .route(_, let spec) = route.spec,
            let rule = spec.list("rules").first
        {
            part.tcp = [
                TulleL7.StreamRoute.with {
                    $0.clusters = self.backends(of: rule, of: route)
                    $0.name = self.name(of: route, rule, 0)
                }
            ]
            return
        }
        for resource in sources.virtualServices {
            guard case .route(_, let spec) = resource.spec else { continue }
            for (index, rule) in spec.list("tcp").enumerated() {
                let matches = rule.list("match")
                let isFor =
                    matches.isEmpty
                    || matches.contains {
                        VirtualServiceRule.isForMesh($0) && ($0.port("port") ?? port.port) == port.port
                    }
                guard isFor else { continue }
                part.tcp = [
                    TulleL7.StreamRoute.with {
                        $0.clusters = self.destinations(of: rule, of: resource, port)
                        $0.name = self.name(of: resource, rule, index)
                    }
                ]
                return
            }
        }
    }

    private func name(of resource: DeclaredResource, _ rule: ConfigValue, _ index: Int) -> String {
        "\(resource.metadata.namespace)/\(resource.metadata.name)/\(rule.text("name") ?? "\(index)")"
    }

    private mutating func backends(of rule: ConfigValue, of route: DeclaredResource) -> [TulleL7.WeightedCluster] {
        var clusters: [TulleL7.WeightedCluster] = []
        for backend in rule.list("backendRefs") {
            var cluster = TulleL7.WeightedCluster()
            cluster.weight = backend.count("weight") ?? 1
            guard cluster.weight > 0 else { continue }
            switch BackendResolution(backend, of: route, in: self.mesh) {
            case .found(let service, let port): cluster.cluster = self.cluster(service, port: port, subset: "")
            case .invalid(_, let reason):
                cluster.failure = TulleL7.Failure.with {
                    $0.status = 500
                    $0.reason = reason
                }
            }
            clusters.append(cluster)
        }
        return clusters
    }

    private mutating func destinations(
        of rule: ConfigValue,
        of resource: DeclaredResource,
        _ port: ServicePort
    ) -> [TulleL7.WeightedCluster] {
        let routes = rule.list("route")
        var clusters: [TulleL7.WeightedCluster] = []
        for route in routes {
            var cluster = TulleL7.WeightedCluster()
            cluster.weight = routes.count == 1 ? 100 : route.count("weight") ?? 0
            guard cluster.weight > 0 else { continue }
            cluster.cluster = self.cluster(route["destination"] ?? .null, of: resource, port: port)
            clusters.append(cluster)
        }
        return clusters
    }
}
