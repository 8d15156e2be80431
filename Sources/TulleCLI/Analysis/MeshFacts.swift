import AWSClient
import MeshConfig

extension AnalysisFacts {
    /// What a control plane's view says.
    init(_ view: MeshView, roles: [Role] = []) {
        var ports: [String: Set<UInt16>] = [:]
        for service in view.services {
            for endpoint in service.json["endpoints"]?.object ?? [:] {
                let targets = (endpoint.value["port"]?.object ?? [:]).compactMap {
                    $0.value.int.flatMap(UInt16.init(exactly:))
                }
                ports[endpoint.value["workloadUid"]?.string ?? endpoint.name, default: []].formUnion(targets)
            }
        }
        self.init(
            services: view.services.map { service in
                Service(
                    namespace: service.namespace,
                    name: service.name,
                    hostname: service.hostname,
                    addresses: service.addresses,
                    ports: service.ports.compactMap { UInt16(exactly: $0.port) },
                    waypoint: service.waypoint.map { key in
                        view.service(ofWaypoint: key).map { "\($0.namespace)/\($0.name)" } ?? key
                    }
                )
            },
            workloads: view.workloads.map { workload in
                Workload(
                    namespace: workload.namespace,
                    name: workload.name,
                    serviceAccount: workload.serviceAccount,
                    labels: workload.labels,
                    ports: ports[workload.uid] ?? [],
                    services: Set(workload.services)
                )
            },
            roles: roles
        )
    }
}

/// What the mesh has declared, read again for analysis.
enum LiveConfiguration {
    /// The resources that can be read, with the places where they were written.
    static func resources(_ stored: [StoredResource]) -> [DeclaredResource] {
        let reader = ConfigurationReader()
        return stored.compactMap { item in
            // JSON is YAML.
            guard var resource = reader.read(item.declaration.text(), path: "-").resources.first else { return nil }
            let origin = item.json["status"]?["origin"]
            resource.origin = ResourceOrigin(
                file: origin?["file"]?.string ?? "-",
                line: origin?["line"]?.int ?? 1
            )
            return resource
        }
    }
}
