package import Foundation

/// The JSON that the task metadata endpoint, version 4, answers with.
package struct MetadataDocument: Sendable {
    private let record: TaskRecord
    private let subnet: String
    private let resolver: String

    /// The documents of one task.
    ///
    /// `network` is the subnet's range, `resolver` the name server's address.
    package init(_ record: TaskRecord, network: String, resolver: String) {
        self.record = record
        self.subnet = network
        self.resolver = resolver
    }

    /// What `${ECS_CONTAINER_METADATA_URI_V4}/task` answers; `withTags` for `/taskWithTags`.
    package func task(withTags: Bool = false) throws -> Data {
        var object: [String: Any] = [
            // On a container instance ECS gives the cluster's name.
            "Cluster": self.isOnInstance ? self.record.cluster : self.record.clusterArn,
            "TaskARN": self.record.arn,
            "Family": self.record.family,
            "Revision": String(self.record.revision),
            "DesiredStatus": self.record.desiredStatus,
            "KnownStatus": self.record.lastStatus,
            "AvailabilityZone": self.record.availabilityZone,
            "LaunchType": self.record.launchType,
            "VPCID": self.record.vpcID,
            "Group": self.record.group,
            "FaultInjectionEnabled": false,
            "PullStartedAt": Self.time(self.record.createdAt),
            "PullStoppedAt": Self.time(self.record.createdAt),
            "ClockDrift": [
                "ClockErrorBound": 0.5,
                "ReferenceTimestamp": Self.time(self.record.createdAt),
                "ClockSynchronizationStatus": "SYNCHRONIZED",
            ] as [String: Any],
            "EphemeralStorageMetrics": ["Utilized": 0, "Reserved": 20496],
            "Containers": self.record.allContainers.map(self.object),
        ]
        if let service = self.record.service { object["ServiceName"] = service }
        var limits: [String: Any] = [:]
        if let cpu = self.record.cpu.flatMap(Double.init) { limits["CPU"] = cpu / 1024 }
        if let memory = self.record.memory.flatMap(Int.init) { limits["Memory"] = memory }
        if !limits.isEmpty { object["Limits"] = limits }
        if withTags { object["TaskTags"] = self.record.tags }
        return try Self.data(object)
    }

    /// What `${ECS_CONTAINER_METADATA_URI_V4}` itself answers; nil for an id that the task hasn't.
    package func container(endpointID: String) throws -> Data? {
        guard let container = self.record.containers.first(where: { $0.endpointID == endpointID }) else { return nil }
        return try Self.data(self.object(container))
    }

    private var isOnInstance: Bool { self.record.containerInstanceArn != nil }

    private func object(_ container: TaskRecord.Container) -> [String: Any] {
        var object: [String: Any] = [
            "DockerId": container.runtimeID,
            "Name": container.name,
            "DockerName": container.runtimeName.isEmpty ? container.name : container.runtimeName,
            "Image": container.image,
            "ImageID": "",
            "Labels": container.dockerLabels(of: self.record),
            "DesiredStatus": self.record.desiredStatus,
            "KnownStatus": container.status,
            "Limits": ["CPU": 2],
            "CreatedAt": Self.time(self.record.createdAt),
            "Type": container.name == TaskRecord.pauseName ? "CNI_PAUSE" : "NORMAL",
            "ContainerARN": container.arn,
            "LogDriver": "awslogs",
            "RestartCount": container.restarts,
            "Snapshotter": "overlayfs",
            "Networks": [self.network],
        ]
        if let startedAt = container.startedAt { object["StartedAt"] = Self.time(startedAt) }
        if let finishedAt = container.finishedAt { object["FinishedAt"] = Self.time(finishedAt) }
        if let exitCode = container.exitCode { object["ExitCode"] = Int(exitCode) }
        if container.hasHealthCheck {
            var health: [String: Any] = ["status": container.health.rawValue]
            if let since = container.healthSince { health["statusSince"] = Self.time(since) }
            object["Health"] = health
        }
        return object
    }

    private var network: [String: Any] {
        // In the instance's own network the agent knows no address of the task's.
        guard self.record.networkMode == "awsvpc" else {
            return ["NetworkMode": self.record.networkMode, "IPv4Addresses": [""]]
        }
        var network: [String: Any] = [
            "NetworkMode": "awsvpc",
            "IPv4Addresses": [self.record.address],
            "AttachmentIndex": 0,
            "IPv4SubnetCIDRBlock": self.subnet,
            "DomainNameServers": [self.resolver],
            "DomainNameSearchList": [String](),
            "PrivateDNSName": "ip-\(self.record.address.replacing(".", with: "-")).ec2.internal",
            "SubnetGatewayIpv4Address": "\(self.record.gateway)",
        ]
        if let address = self.record.addressV6 { network["IPv6Addresses"] = [address] }
        if let address = self.record.hardwareAddress { network["MACAddress"] = address }
        return network
    }

    private static func data(_ object: [String: Any]) throws -> Data {
        try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
    }

    /// A time as ECS writes it, in UTC with milliseconds.
    static func time(_ seconds: Double) -> String {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        return Date(timeIntervalSince1970: seconds).formatted(style)
    }
}
