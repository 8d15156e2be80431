import AWSClient

@testable import TulleCLI

/// A small mesh in the words of a ztunnel's dump: a service behind a waypoint, one without, a policy of each scope.
enum MeshFixtures {
    static let services: JSONValue = [
        [
            "name": "web", "namespace": "shop", "hostname": "web.shop.mesh.internal", "vips": ["/240.240.0.1"],
            "ports": ["80": 8080],
            "waypoint": ["destination": "shop/waypoint.shop.mesh.internal", "hboneMtlsPort": 15008],
            "endpoints": [
                "ecs//Task/shop/1": ["workloadUid": "ecs//Task/shop/1", "port": ["80": 8080], "status": "Healthy"],
                "ecs//Task/shop/2": ["workloadUid": "ecs//Task/shop/2", "port": ["80": 8080], "status": "Unhealthy"],
            ],
            "subjectAltNames": [], "loadBalancer": ["routingPreferences": ["Network", "Zone"], "mode": "Failover"],
        ],
        [
            "name": "waypoint", "namespace": "shop", "hostname": "waypoint.shop.mesh.internal",
            "vips": ["/240.240.0.2"], "ports": ["15008": 15008],
            "endpoints": ["ecs//Task/shop/3": ["workloadUid": "ecs//Task/shop/3", "port": ["15008": 15008]]],
        ],
        [
            "name": "db", "namespace": "data", "hostname": "db.data.mesh.internal", "vips": [],
            "cidrVips": [["network": "", "cidr": "10.1.0.0/24"]], "ports": ["5432": 5432], "endpoints": [:],
        ],
    ]

    static let workloads: JSONValue = [
        workload("1", "web-1", "10.0.0.1", "web", policies: ["root/istio_converted_static_strict", "shop/only-front"]),
        workload("2", "web-2", "10.0.0.2", "web", healthy: false, policies: ["shop/only-front", "shop/gone"]),
        workload("3", "waypoint-1", "10.0.0.3", "waypoint", policies: []),
        [
            "workloadIps": [], "hostname": "vm.example.com", "protocol": "TCP", "uid": "vm", "name": "vm",
            "namespace": "data", "status": "Healthy", "node": "",
        ],
    ]

    private static func workload(
        _ id: String,
        _ name: String,
        _ address: String,
        _ service: String,
        healthy: Bool = true,
        policies: [String]
    ) -> JSONValue {
        [
            "workloadIps": [.string(address)], "protocol": "HBONE", "uid": .string("ecs//Task/shop/\(id)"),
            "name": .string(name), "namespace": "shop", "serviceAccount": .string(service),
            "node": .string("fargate/\(id)"), "authorizationPolicies": .strings(policies),
            "status": .string(healthy ? "Healthy" : "Unhealthy"),
            "services": [.string("shop/\(service).shop.mesh.internal")],
        ]
    }

    static let policies: JSONValue = [
        ["name": "only-front", "namespace": "shop", "scope": "WorkloadSelector", "action": "Allow", "rules": []],
        ["name": "no-dev", "namespace": "shop", "scope": "Namespace", "action": "Deny", "dryRun": true],
        ["name": "istio_converted_static_strict", "namespace": "root", "scope": "WorkloadSelector", "action": "Deny"],
        ["name": "everywhere", "namespace": "root", "scope": "Global", "action": "Allow"],
        ["name": "other", "namespace": "data", "scope": "Namespace", "action": "Allow"],
    ]

    static let document: JSONValue = ["services": services, "workloads": workloads, "policies": policies]

    static var view: MeshView { MeshView(document) }

    static let routes: [String: JSONValue] = [
        "GET /v1/services": ["services": services], "GET /v1/workloads": ["workloads": workloads],
        "GET /v1/policies": ["policies": policies],
    ]
}
