import MeshCompile
import MeshProtos
import MeshXDS

/// A mesh of services with ten tasks each, as large as they are on ECS.
struct SyntheticMesh {
    let workloads: Int

    var services: Int { (self.workloads + 9) / 10 }

    /// All resources.
    var addresses: [ResourceCatalog.Resource] {
        (0..<self.services).map(self.service) + (0..<self.workloads).map { self.workload($0, isHealthy: true) }
    }

    /// A workload; whether it is healthy is what changes.
    func workload(_ number: Int, isHealthy: Bool) -> ResourceCatalog.Resource {
        let id = Self.hex(number, digits: 32)
        let namespace = "team-\(number / 10 % 50)"
        let service = "service-\(number / 10)"
        let uid = "ecs-prod/ecs.amazonaws.com/Task/\(namespace)/\(id)"
        let ip: [UInt8] = [10, UInt8(number >> 16 & 255), UInt8(number >> 8 & 255), UInt8(number & 255)]
        let message = IstioWorkload.Workload.with {
            $0.uid = uid
            $0.name = id
            $0.namespace = namespace
            $0.addresses = [ip]
            $0.tunnelProtocol = .hbone
            $0.serviceAccount = service
            $0.node = "fargate/\(id)"
            $0.canonicalName = service
            $0.canonicalRevision = "42"
            $0.workloadType = .pod
            $0.workloadName = service
            $0.status = isHealthy ? .healthy : .unhealthy
            $0.clusterID = "ecs-prod"
            $0.locality = .with {
                $0.region = "eu-west-1"
                $0.zone = "eu-west-1\(["a", "b", "c"][number % 3])"
            }
            $0.services["\(namespace)/\(service).\(namespace).mesh.internal"] = .with {
                $0.ports = [
                    .with {
                        $0.servicePort = 80
                        $0.targetPort = 8080
                        $0.appProtocol = .http11
                    }
                ]
            }
        }
        return ResourceCatalog.Resource(
            name: uid,
            bytes: IstioWorkload.Address.with { $0.kind = .workload(message) }.serialized,
            aliases: ["/\(ip.map(String.init).joined(separator: "."))"],
            parents: ["\(namespace)/\(service).\(namespace).mesh.internal", AddressParents.node("fargate/\(id)")]
        )
    }

    private func service(_ number: Int) -> ResourceCatalog.Resource {
        let namespace = "team-\(number % 50)"
        let hostname = "service-\(number).\(namespace).mesh.internal"
        let message = IstioWorkload.Service.with {
            $0.name = "service-\(number)"
            $0.namespace = namespace
            $0.hostname = hostname
            $0.addresses = [.with { $0.address = [240, 240, UInt8(number >> 8 & 255), UInt8(number & 255)] }]
            $0.ports = [
                .with {
                    $0.servicePort = 80
                    $0.targetPort = 8080
                    $0.appProtocol = .http11
                }
            ]
            $0.isCanonical = true
        }
        return ResourceCatalog.Resource(
            name: "\(namespace)/\(hostname)",
            bytes: IstioWorkload.Address.with { $0.kind = .service(message) }.serialized,
            aliases: ["/240.240.\(number >> 8 & 255).\(number & 255)"]
        )
    }

    private static func hex(_ number: Int, digits: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
