import MeshModel
import MeshProtos

/// What the control plane tells a waypoint about the services of the scripts.
enum ScriptRoutes {
    /// The waypoint's own settings: every request is logged.
    static let settings = TulleL7.WaypointSettings.with {
        $0.namespace = "demo"
        $0.name = "waypoint"
        $0.trustDomains = ["cluster.local"]
        $0.logs = [
            .with {
                $0.name = "stdout"
                $0.file = "/dev/stdout"
            }
        ]
        $0.servesServices = true
        $0.servesWorkloads = true
    }

    /// A service whose routes each look at a header, and change headers both ways. The last one is for tenant 999.
    static func service(_ name: String, routes: Int) -> TulleL7.ServiceRoutes {
        .with { resource in
            resource.namespace = "demo"
            resource.hostname = ScriptMesh.key(name).hostname
            resource.clusters = [
                .with {
                    $0.name = self.cluster(name)
                    $0.namespace = "demo"
                    $0.hostname = resource.hostname
                    $0.port = 80
                }
            ]
            resource.telemetry = .with { $0.accessLogs = [.with { $0.provider = "stdout" }] }
            resource.security = .with { $0.policies = [ScriptPolicies.requests] }
            resource.ports = [self.port(cluster: self.cluster(name), routes: routes)]
        }
    }

    private static func cluster(_ name: String) -> String { "outbound|80||\(ScriptMesh.key(name).hostname)" }

    /// The routes of port 80.
    static func port(cluster: String, routes: Int) -> TulleL7.PortRoutes {
        .with { port in
            port.port = 80
            for number in (1_000 - routes)..<1_000 {
                port.entries.append(
                    .with {
                        $0.match = self.match("tenant-\(number)")
                        $0.action = UInt32(port.actions.count)
                    }
                )
                port.actions.append(self.action("demo/orders/\(number)", to: cluster))
            }
        }
    }

    private static func match(_ tenant: String) -> TulleL7.RouteMatch {
        .with {
            $0.path = .with {
                $0.kind = .segmentPrefix
                $0.value = "/api"
            }
            $0.headers = [
                .with {
                    $0.name = ScriptMessages.tenant.name
                    $0.value = .with {
                        $0.kind = .exact
                        $0.value = tenant
                    }
                }
            ]
        }
    }

    private static func action(_ name: String, to cluster: String) -> TulleL7.RouteAction {
        .with {
            $0.name = name
            $0.forward = .with {
                $0.clusters = [
                    .with {
                        $0.cluster = cluster
                        $0.weight = 1
                    }
                ]
            }
            $0.requestHeaders = .with {
                $0.set = [self.header("x-route", name)]
                $0.remove = ["accept-language"]
            }
            $0.responseHeaders = .with { $0.set = [self.header("x-served-by", "orders")] }
        }
    }

    private static func header(_ name: String, _ value: String) -> TulleL7.Header {
        .with {
            $0.name = name
            $0.value = value
        }
    }
}
