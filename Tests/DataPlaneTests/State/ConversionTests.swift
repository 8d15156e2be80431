import MeshModel
import MeshProtos
import Testing

@testable import DataPlane

@Suite struct ConversionTests {
    private static let address: [UInt8] = [10, 0, 12, 34]

    @Test func aWorkloadWithEverything() throws {
        let workload = try Workload(
            .with {
                $0.uid = "ecs/ecs.amazonaws.com/Task/shop/7f3c"
                $0.name = "7f3c"
                $0.namespace = "shop"
                $0.addresses = [Self.address, Array(repeating: 0, count: 10) + [0xff, 0xff] + Self.address]
                $0.network = "vpc-1"
                $0.tunnelProtocol = .hbone
                $0.trustDomain = "example.org"
                $0.serviceAccount = "orders"
                $0.waypoint = .with {
                    $0.destination = .hostname(
                        .with {
                            $0.namespace = "shop"
                            $0.hostname = "wp"
                        }
                    )
                    $0.hboneMTLSPort = 15008
                }
                $0.status = .unhealthy
                $0.networkMode = .hostNetwork
                $0.workloadType = .cronJob
                $0.capacity = .with { $0.value = 7 }
                $0.services = [
                    "shop/orders": .with {
                        $0.ports = [
                            .with {
                                $0.servicePort = 80
                                $0.targetPort = 81
                            }
                        ]
                    }
                ]
                $0.applicationTunnel = .with {
                    $0.proto = .proxy
                    $0.port = 15088
                }
                $0.locality = .with {
                    $0.region = "r"
                    $0.zone = "z"
                }
                $0.authorizationPolicies = ["shop/p"]
                $0.clusterID = "ecs"
            }
        )
        #expect(workload.identity.uri == "spiffe://example.org/ns/shop/sa/orders")
        #expect(workload.addresses.map { "\($0)" } == ["10.0.12.34", "10.0.12.34"])
        #expect(workload.tunnel == .hbone)
        #expect(!workload.isHealthy)
        #expect(workload.usesHostNetwork)
        #expect(workload.kind == .cronjob)
        #expect(workload.capacity == 7)
        #expect(
            workload.services == [
                NamespacedHostname(namespace: "shop", hostname: "orders"): [ServicePort(port: 80, targetPort: 81)]
            ]
        )
        #expect(workload.applicationTunnel == .init(usesProxyProtocol: true, port: 15088))
        #expect(workload.waypoint?.hbonePort == 15008)
        #expect(workload.authorizationPolicies == ["shop/p"])
        #expect("\(workload.locality)" == "r/z")
    }

    @Test func defaultsOfAWorkload() throws {
        let workload = try Workload(
            .with {
                $0.uid = "u"
                $0.namespace = "shop"
            }
        )
        #expect(workload.identity.uri == "spiffe://cluster.local/ns/shop/sa/default")
        #expect(workload.clusterID == "Kubernetes")
        #expect(workload.capacity == 1)
        #expect(workload.tunnel == .none)
        #expect(workload.isHealthy)
    }

    typealias Break<M> = @Sendable (inout M) -> Void

    private static let brokenWorkloads: [(String, Break<IstioWorkload.Workload>)] = [
        ("uid", { $0.uid = "" }),
        ("trust_domain, namespace, service_account", { $0.namespace = "" }),
        ("trust_domain, namespace, service_account", { $0.serviceAccount = "a/b" }),
        ("trust_domain, namespace, service_account", { $0.trustDomain = "Upper" }),
        ("addresses", { $0.addresses = [[]] }),
        ("addresses", { $0.addresses = [[1, 2, 3]] }),
        ("addresses", { $0.addresses = [Array(repeating: 0, count: 17)] }),
        ("tunnel_protocol", { $0.tunnelProtocol = .legacyIstioMTLS }),
        ("tunnel_protocol", { $0.tunnelProtocol = .init(rawValue: 9) }),
        ("status", { $0.status = .init(rawValue: 2) }),
        ("network_mode", { $0.networkMode = .init(rawValue: -1) }),
        ("services", { $0.services = ["orders": .init()] }),
        ("services", { $0.services = ["a/b/c": .init()] }),
        ("services[a/b].ports.service_port", { $0.services = ["a/b": .with { $0.ports = [.init()] }] }),
        (
            "services[a/b].ports.target_port",
            {
                $0.services = [
                    "a/b": .with {
                        $0.ports = [
                            .with {
                                $0.servicePort = 1
                                $0.targetPort = 65536
                            }
                        ]
                    }
                ]
            }
        ),
        ("waypoint.destination", { $0.waypoint = .init() }),
        ("waypoint.hbone_mtls_port", { $0.waypoint = .with { $0.hboneMTLSPort = 70000 } }),
        ("network_gateway.address", { $0.networkGateway = .with { $0.destination = .address(.init()) } }),
        ("application_tunnel.protocol", { $0.applicationTunnel = .with { $0.proto = .init(rawValue: 2) } }),
        ("application_tunnel.port", { $0.applicationTunnel = .with { $0.port = 65536 } }),
    ]

    @Test("44: addresses have 4 or 16 bytes", arguments: 0...20)
    func addressLengths(_ count: Int) {
        let wire = IstioWorkload.Workload.with {
            $0.uid = "u"
            $0.namespace = "shop"
            $0.addresses = [Array(repeating: 0, count: count)]
        }
        let workload = try? Workload(wire)
        #expect((workload != nil) == (count == 4 || count == 16))
        #expect(workload?.addresses.first?.isUnspecified ?? true)
    }

    @Test("refuses a workload", arguments: brokenWorkloads)
    func refusesWorkload(_ field: String, _ damage: Break<IstioWorkload.Workload>) {
        var wire = IstioWorkload.Workload.with {
            $0.uid = "u"
            $0.namespace = "shop"
        }
        damage(&wire)
        let error = #expect(throws: ConversionError.self) { try Workload(wire) }
        #expect(error?.description.hasPrefix("\(field) is ") == true, "\(String(describing: error))")
    }

    @Test func aService() throws {
        let service = try Service(
            .with {
                $0.name = "orders"
                $0.namespace = "shop"
                $0.hostname = "orders.shop.mesh.internal"
                $0.addresses = [
                    .with {
                        $0.address = [240, 240, 3, 7]
                        $0.network = "vpc-1"
                    },
                    .with {
                        $0.address = [240, 240, 3, 8]
                        $0.length = 32
                    },
                    .with {
                        $0.address = [10, 0, 0, 0]
                        $0.length = 8
                    },
                    .with {
                        $0.address = Array(repeating: 0, count: 10) + [0xff, 0xff, 10, 0, 0, 0]
                        $0.length = 104
                    },
                ]
                $0.ports = [
                    .with {
                        $0.servicePort = 80
                        $0.appProtocol = .http11
                    }
                ]
                $0.subjectAltNames = ["spiffe://a/ns/b/sa/c", "nonsense"]
                $0.loadBalancing = .with {
                    $0.mode = .failover
                    $0.routingPreference = [.network, .zone]
                    $0.healthPolicy = .allowAll
                }
                $0.ipFamilies = .ipv4Only
                $0.isCanonical = true
                $0.visibility = .ownNamespace
            }
        )
        #expect(service.vips.map { "\($0)" } == ["vpc-1/240.240.3.7", "/240.240.3.8"])
        #expect(service.ranges.map { "\($0)" } == ["/10.0.0.0/8", "/10.0.0.0/8"])
        #expect(service.ports == [ServicePort(port: 80, targetPort: 0, appProtocol: .http11)])
        #expect(service.subjectAltNames.map(\.uri) == ["spiffe://a/ns/b/sa/c"])
        let balancing = LoadBalancing(mode: .failover, preference: [.network, .zone], allowsUnhealthy: true)
        #expect(service.loadBalancing == balancing)
        #expect(service.families == .v4Only)
        #expect(service.isCanonical)
        #expect(service.visibility == .ownNamespace)
    }

    private static let brokenServices: [(String, Break<IstioWorkload.Service>)] = [
        ("namespace, hostname", { $0.namespace = "" }),
        ("namespace, hostname", { $0.hostname = "a/b" }),
        ("addresses.address", { $0.addresses = [.init()] }),
        (
            "addresses.address.length",
            {
                $0.addresses = [
                    .with {
                        $0.address = [1, 2, 3, 4]
                        $0.length = 33
                    }
                ]
            }
        ),
        ("ports.service_port", { $0.ports = [.with { $0.servicePort = 65536 }] }),
        ("load_balancing.mode", { $0.loadBalancing = .with { $0.mode = .init(rawValue: 4) } }),
        ("load_balancing.health_policy", { $0.loadBalancing = .with { $0.healthPolicy = .init(rawValue: 2) } }),
        ("load_balancing.routing_preference", { $0.loadBalancing = .with { $0.routingPreference = [.unspecified] } }),
        ("ip_families", { $0.ipFamilies = .init(rawValue: 4) }),
        ("visibility", { $0.visibility = .init(rawValue: 2) }),
        ("weighted_waypoints.destination.destination", { $0.weightedWaypoints = [.init()] }),
    ]

    @Test("refuses a service", arguments: brokenServices)
    func refusesService(_ field: String, _ damage: Break<IstioWorkload.Service>) {
        var wire = IstioWorkload.Service.with {
            $0.namespace = "shop"
            $0.hostname = "h"
        }
        damage(&wire)
        let error = #expect(throws: ConversionError.self) { try Service(wire) }
        #expect(error?.description.hasPrefix("\(field) is ") == true, "\(String(describing: error))")
    }

    private static func policy(_ fill: (inout IstioSecurity.Match) -> Void) -> IstioSecurity.Authorization {
        .with {
            $0.name = "p"
            $0.namespace = "shop"
            $0.scope = .workloadSelector
            $0.action = .deny
            $0.rules = [.with { $0.clauses = [.with { $0.matches = [.with(fill)] }] }]
        }
    }

    @Test func aPolicy() throws {
        let policy = try AuthorizationPolicy(
            Self.policy {
                $0.notPrincipals = [.with { $0.kind = .presence }]
                $0.namespaces = [.with { $0.kind = .prefix("a") }, .with { $0.kind = .suffix("b") }]
                $0.sourceIPs = [
                    .with {
                        $0.address = [10, 0, 0, 0]
                        $0.length = 8
                    }
                ]
                $0.destinationPorts = [80]
                $0.notServiceAccounts = [
                    .with {
                        $0.namespace = "n"
                        $0.serviceAccount = "s"
                    }
                ]
            }
        )
        var match = PolicyMatch()
        match.notPrincipals = [.presence]
        match.namespaces = [.prefix("a"), .suffix("b")]
        match.sourceIPs = [.init(base: IPAddress(v4: 0x0a00_0000), prefixLength: 8)]
        match.destinationPorts = [80]
        match.notServiceAccounts = [.init(namespace: "n", name: "s")]
        #expect(policy.key == "shop/p")
        #expect(policy.scope == .workload)
        #expect(policy.action == .deny)
        #expect(policy.rules == [.init(clauses: [.init(matches: [match])])])
    }

    private static let brokenPolicies: [(String, Break<IstioSecurity.Authorization>)] = [
        ("namespace, name", { $0.name = "" }),
        ("scope", { $0.scope = .init(rawValue: 3) }),
        ("action", { $0.action = .init(rawValue: 2) }),
        ("principals", { $0 = policy { $0.principals = [.init()] } }),
        ("source_ips", { $0 = policy { $0.sourceIPs = [.init()] } }),
        (
            "not_destination_ips.length",
            {
                $0 = policy {
                    $0.notDestinationIPs = [
                        .with {
                            $0.address = [1, 2, 3, 4]
                            $0.length = 33
                        }
                    ]
                }
            }
        ),
        ("destination_ports", { $0 = policy { $0.destinationPorts = [65536] } }),
    ]

    @Test("refuses a policy", arguments: brokenPolicies)
    func refusesPolicy(_ field: String, _ damage: Break<IstioSecurity.Authorization>) {
        var wire = Self.policy { $0.destinationPorts = [80] }
        damage(&wire)
        let error = #expect(throws: ConversionError.self) { try AuthorizationPolicy(wire) }
        #expect(error?.description.hasPrefix("\(field) is ") == true, "\(String(describing: error))")
    }

    @Test func outsideTextIsCut() throws {
        let long = String(repeating: "x", count: 100_000)
        let error = #expect(throws: ConversionError.self) {
            try Workload(
                .with {
                    $0.uid = "u"
                    $0.namespace = "shop"
                    $0.services = [long: .init()]
                }
            )
        }
        #expect(try #require(error).description.utf8.count < 400)
    }
}
