import MeshCompile
import MeshConfig
import MeshProtos
import MeshXDS

/// What waypoints do with services, as they are told, in words.
enum RoutePages {
    /// The services of one waypoint.
    static func services(_ resources: WaypointResources, of owner: WaypointIdentity) -> [ConfigValue] {
        resources.routes.compactMap { resource in
            guard let routes = try? TulleL7.ServiceRoutes(decoding: resource.bytes) else { return nil }
            return self.service(routes, of: owner, version: resource.version)
        }
    }

    private static func service(
        _ routes: TulleL7.ServiceRoutes,
        of owner: WaypointIdentity,
        version: String
    ) -> ConfigValue {
        PageBuilder.object { page in
            page.set("namespace", .string(routes.namespace))
            page.text("hostname", routes.hostname)
            page.text("waypoint", owner.description)
            page.text("version", version)
            page.list("ports", routes.ports, Self.port)
            page.list("clusters", routes.clusters, Self.cluster)
            page.list("authorizationPolicies", routes.security?.policies ?? []) { policy in
                PageBuilder.object { page in
                    page.text("name", "\(policy.namespace)/\(policy.name)")
                    page.text("action", Self.word(policy.action))
                    page.text("provider", policy.provider)
                    page.set("rules", .integer(Int64(policy.rules.count)))
                    if policy.dryRun { page.set("dryRun", .bool(true)) }
                }
            }
            page.list("tokens", routes.security?.tokens ?? []) { rule in
                PageBuilder.object { page in
                    page.text("name", rule.origin)
                    page.text("issuer", rule.issuer)
                    page.set("hasKeys", .bool(!rule.keys.isEmpty))
                }
            }
            page.list("payloadPolicies", routes.security?.payloads ?? []) { .string("\($0.namespace)/\($0.name)") }
            page.list("accessLogs", routes.telemetry?.accessLogs ?? []) { .string($0.provider) }
            page.text("tracing", routes.telemetry?.tracing?.provider ?? "")
        }
    }

    private static func word(_ action: TulleL7.AuthorizationPolicy.Action) -> String {
        switch action {
        case .allow: "ALLOW"
        case .deny: "DENY"
        case .audit: "AUDIT"
        default: "CUSTOM"
        }
    }

    // MARK: Routes

    private static func port(_ port: TulleL7.PortRoutes) -> ConfigValue {
        PageBuilder.object { page in
            page.set("port", .integer(Int64(port.port)))
            page.list("routes", port.entries) { entry in
                let index = Int(entry.action)
                let action = port.actions.indices.contains(index) ? port.actions[index] : TulleL7.RouteAction()
                return Self.route(entry.match, action)
            }
            page.list("tls", port.tls) { route in
                PageBuilder.object { page in
                    page.text("name", route.name)
                    page.list("names", route.names) { .string($0) }
                    page.list("destinations", route.clusters, Self.destination)
                }
            }
            page.list("tcp", port.tcp) { route in
                PageBuilder.object { page in
                    page.text("name", route.name)
                    page.list("destinations", route.clusters, Self.destination)
                }
            }
            if port.grpcOnly { page.set("grpcOnly", .bool(true)) }
        }
    }

    private static func route(_ match: TulleL7.RouteMatch?, _ action: TulleL7.RouteAction) -> ConfigValue {
        PageBuilder.object { page in
            page.text("name", action.name)
            page.text("origin", action.origin)
            page.text("match", match.map(RouteWords.match) ?? "*")
            page.text("action", RouteWords.action(action))
            page.list("destinations", action.forward?.clusters ?? [], Self.destination)
            page.list("mirrors", action.mirrors) { mirror in
                PageBuilder.object { page in
                    page.text("cluster", mirror.cluster)
                    page.set("percent", .number(Double(mirror.fraction) / 10_000))
                }
            }
            page.list("features", RouteWords.features(action)) { .string($0) }
        }
    }

    private static func destination(_ cluster: TulleL7.WeightedCluster) -> ConfigValue {
        PageBuilder.object { page in
            page.text("cluster", cluster.cluster)
            page.set("weight", .integer(Int64(cluster.weight)))
            guard let failure = cluster.failure else { return }
            page.set("status", .integer(Int64(failure.status)))
            page.text("reason", failure.reason)
        }
    }

    // MARK: Destinations

    private static func cluster(_ cluster: TulleL7.Cluster) -> ConfigValue {
        PageBuilder.object { page in
            page.text("name", cluster.name)
            page.text("protocol", RouteWords.spoken(cluster.protocol))
            page.list("labels", cluster.subsetLabels.sorted { $0.key < $1.key }) { .string("\($0.key)=\($0.value)") }
            if cluster.missing { page.set("missing", .bool(true)) }
            page.text("loadBalancer", RouteWords.balancer(cluster.loadBalancer))
            if cluster.outliers != nil { page.set("outlierDetection", .bool(true)) }
            if let pool = cluster.pool {
                page.set(
                    "limits",
                    PageBuilder.object { page in
                        for (name, value) in [
                            ("maxConnections", pool.maxConnections), ("maxPending", pool.maxPending),
                            ("maxRequests", pool.maxRequests), ("maxRetries", pool.maxRetries),
                        ] where value > 0 { page.set(name, .integer(Int64(value))) }
                    }
                )
            }
            if let tls = cluster.tls { page.text("tls", tls.serverName.isEmpty ? "yes" : tls.serverName) }
        }
    }
}
