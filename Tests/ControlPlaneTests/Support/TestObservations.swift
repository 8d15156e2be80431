import CertificateAuthority
import ControlPlane
import ECSDiscovery
import MeshModel

/// A small shop as discovery would see it.
enum TestObservations {
    static let account = "111122223333"
    static let cluster = "arn:aws:ecs:us-east-1:111122223333:cluster/c1"

    static func settings(bindings: [RoleBinding] = []) -> RegistrySettings {
        RegistrySettings(
            trustDomain: "cluster.local",
            meshDomain: "mesh.internal",
            network: "",
            clusterID: "ecs-prod",
            bindings: bindings
        )
    }

    static func compiler(bindings: [RoleBinding] = []) -> RegistryCompiler {
        RegistryCompiler(settings: self.settings(bindings: bindings), addresses: VIPAllocator())
    }

    static func service(_ name: String, namespace: String? = "shop", port: UInt16 = 80) -> ObservedService {
        var service = ObservedService(
            arn: "arn:aws:ecs:us-east-1:111122223333:service/c1/\(name)",
            name: name,
            clusterARN: self.cluster,
            clusterName: "c1",
            account: self.account,
            region: "us-east-1"
        )
        service.settings.namespace = namespace
        service.ports = [
            ObservedPort(name: "http", port: port, targetPort: 8080, application: .http, source: .tag)
        ]
        service.isEnrolled = true
        return service
    }

    static func taskID(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }

    static func task(_ number: Int, of service: ObservedService) -> ObservedTask {
        let id = self.taskID(number)
        var task = ObservedTask(
            arn: "arn:aws:ecs:us-east-1:111122223333:task/c1/\(id)",
            id: id,
            clusterARN: self.cluster,
            clusterName: "c1",
            account: self.account,
            region: "us-east-1"
        )
        task.serviceName = service.name
        task.serviceARN = service.arn
        task.revision = 42
        task.addresses = [IPAddress(v4: 10 << 24 | 12 << 8 | UInt32(number))]
        task.availabilityZone = "us-east-1a"
        task.lastStatus = "RUNNING"
        task.health = .healthy
        task.isEnrolled = true
        task.launchType = "FARGATE"
        task.taskRoleARN = "arn:aws:iam::111122223333:role/\(service.name)"
        task.ports = service.ports
        return task
    }

    static func snapshot(_ services: [ObservedService], _ tasks: [ObservedTask]) -> DiscoverySnapshot {
        var snapshot = DiscoverySnapshot()
        snapshot.generation = 1
        snapshot.services = Dictionary(uniqueKeysWithValues: services.map { ($0.arn, $0) })
        snapshot.tasks = Dictionary(uniqueKeysWithValues: tasks.map { ($0.arn, $0) })
        var cluster = ClusterStatus(arn: self.cluster, name: "c1")
        cluster.poll.lastSuccess = 1
        snapshot.clusters = [self.cluster: cluster]
        snapshot.account.lastSuccess = 1
        return snapshot
    }
}
