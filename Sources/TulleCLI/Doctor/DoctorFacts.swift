import AWSClient

/// Something that a check needs: had, or not to be had for a reason.
enum Fact<Value: Sendable>: Sendable {
    case known(Value)
    case unknown(String)

    /// The value; nil when it could not be had.
    var value: Value? {
        if case .known(let value) = self { value } else { nil }
    }
}

/// What was fetched about one service: from AWS, and from the control plane.
struct DoctorFacts: Sendable {
    /// An element of DescribeServices' answer.
    var service: JSONValue
    /// The task definition in force.
    var definition: TaskDefinition
    /// Running tasks with tags, as DescribeTasks gives them.
    var tasks: Fact<[JSONValue]>
    /// Container instances that the tasks run on; empty on Fargate.
    var instances: Fact<[JSONValue]>
    /// How many services and tasks the cluster has.
    var clusterSize: Fact<(services: Int, tasks: Int)>
    /// The task role's trust policy.
    var trustPolicy: Fact<JSONValue>
    /// Security groups of the service's tasks.
    var securityGroups: Fact<[SecurityGroup]>
    /// Subnets of the service's tasks.
    var subnets: Fact<[Subnet]>
    /// The subnets' VPC.
    var vpc: Fact<VPC>
    /// Names of the private zones that the VPC resolves, with a dot at the end.
    var zones: Fact<[String]>
    /// What the control plane says about itself.
    var controlPlane: Fact<ControlPlaneFacts>
    /// Specs of the ServiceAccountBindings.
    var bindings: Fact<[JSONValue]>
    /// Who is connected to the control plane.
    var proxies: Fact<[JSONValue]>
    /// Certificates that the control plane gave out or refused, newest first.
    var issuances: Fact<[JSONValue]>

    /// A VPC's DNS settings.
    struct VPC: Sendable, Hashable {
        var id: String
        var resolvesNames: Bool
        var namesHosts: Bool
    }

    /// A subnet.
    struct Subnet: Sendable, Hashable {
        var id: String
        var vpc: String
        var hasIPv6: Bool
    }

    /// A security group's rules.
    struct SecurityGroup: Sendable, Hashable {
        var id: String
        var inbound: [Rule]
        var outbound: [Rule]

        /// One rule.
        struct Rule: Sendable, Hashable {
            /// `tcp`, `-1` for all, or another protocol.
            var transport: String
            /// The ports; nil for all.
            var ports: ClosedRange<Int>?
            /// How many addresses, groups or lists the rule names.
            var peers: Int

            /// Whether the rule lets TCP to a port through, for somebody.
            func allows(_ port: Int) -> Bool {
                guard self.peers > 0 else { return false }
                if self.transport == "-1" { return true }
                return (self.transport == "tcp" || self.transport == "6")
                    && self.ports.map { $0.contains(port) } ?? true
            }
        }
    }

    /// How connections are captured, as the service's tag says it, or as the definition shows it.
    var capture: CaptureMode {
        let tag = ECSService(self.service)?.tag(ECSService.Tag.mode).flatMap(CaptureMode.init)
        return tag ?? (self.definition["proxyConfiguration"]?.object == nil ? .socks : .appmesh)
    }

    /// The ztunnel container; nil in a service that is not enrolled.
    var ztunnel: Container? { self.definition.containers.first { $0.name == ZTunnelPorts.containerName } }

    /// Whether the service runs on Fargate.
    var isFargate: Bool {
        if self.service["launchType"]?.string == "FARGATE" { return true }
        let providers = self.service["capacityProviderStrategy"]?.array ?? []
        return providers.contains { $0["capacityProvider"]?.string?.hasPrefix("FARGATE") ?? false }
    }
}
