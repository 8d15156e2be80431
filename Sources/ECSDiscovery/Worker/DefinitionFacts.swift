import AWSClient

/// What discovery takes from a task definition; a revision never changes, so neither does this.
struct DefinitionFacts: Sendable, Hashable {
    var arn: String
    var family: String
    var revision: Int
    var taskRoleARN: String?
    var ports: [ObservedPort]
    var isEnrolled: Bool
    var captureMode: CaptureMode?
    /// Tags as they were when the revision was first seen: what a task that no service started says by them.
    var tags: [String: String]

    /// The name of the container that makes a task part of the mesh.
    static let proxyContainer = "ztunnel"
    /// The name of the container that makes a task a waypoint, which takes tunnels itself.
    static let waypointContainer = "waypoint"
    /// The port on which it does.
    static let tunnelPort: UInt16 = 15_008

    init(_ definition: ECSTaskDefinition, tags: [String: String] = [:], tagPrefix: String) {
        let hasProxy = definition.containers.contains { $0["name"]?.string == Self.proxyContainer }
        let isServedByDaemon = definition.containers.contains { container in
            container["dockerLabels"]?["\(tagPrefix)dataplane"]?.string == "daemon"
                || (!hasProxy && container["dockerLabels"]?["istio.io/dataplane-mode"]?.string == "ambient")
        }
        let redirect = definition.raw["proxyConfiguration"]
        let isRedirected =
            hasProxy && redirect?["containerName"]?.string == Self.proxyContainer
            && (redirect?["type"]?.string ?? "APPMESH") == "APPMESH"
        self.arn = definition.arn
        self.tags = tags
        self.family = definition.family
        self.revision = definition.revision
        self.taskRoleARN = definition.taskRoleARN
        self.isEnrolled = hasProxy || isServedByDaemon
        self.captureMode =
            if isRedirected {
                .appmesh
            } else if isServedByDaemon {
                .daemon
            } else if hasProxy {
                Self.capturesByRules(definition.containers) ? .netadmin : .socks
            } else {
                nil
            }
        let containers = definition.containers.filter { $0["name"]?.string != Self.proxyContainer }
        let mapped = Self.mappedPorts(containers)
        self.ports = mapped.isEmpty ? Self.labelledPorts(containers, tagPrefix: tagPrefix) : mapped
    }

    /// An init container with `NET_ADMIN` that the ztunnel waits for installs the redirect.
    private static func capturesByRules(_ containers: [JSONValue]) -> Bool {
        containers.contains { container in
            container["name"]?.string != Self.proxyContainer
                && container["linuxParameters"]?["capabilities"]?["add"]?.strings.contains("NET_ADMIN") == true
        }
    }

    /// The TCP port mappings of all containers, each port once; ranges are left out, as they name no single port.
    private static func mappedPorts(_ containers: [JSONValue]) -> [ObservedPort] {
        var ports: [UInt16: ObservedPort] = [:]
        let mappings = containers.flatMap { container in
            (container["portMappings"]?.array ?? []).map { (container["name"]?.string, $0) }
        }
        for (container, mapping) in mappings {
            guard (mapping["protocol"]?.string ?? "tcp") == "tcp",
                let port = mapping["containerPort"]?.int.flatMap({ UInt16(exactly: $0) }), port != 0,
                !PortList.reserved.contains(port)
                    || (container == Self.waypointContainer && port == Self.tunnelPort),
                ports[port] == nil
            else { continue }
            let application: ObservedPort.Application =
                switch mapping["appProtocol"]?.string {
                case "http": .http
                case "http2": .http2
                case "grpc": .grpc
                default: .tcp
                }
            ports[port] = ObservedPort(
                name: mapping["name"]?.string ?? "\(application.rawValue)-\(port)",
                port: port,
                targetPort: port,
                application: application,
                source: .portMapping
            )
        }
        return ports.values.sorted()
    }

    private static func labelledPorts(_ containers: [JSONValue], tagPrefix: String) -> [ObservedPort] {
        var ports: [UInt16: ObservedPort] = [:]
        for container in containers {
            guard let text = container["dockerLabels"]?["\(tagPrefix)ports"]?.string,
                case .value(let labelled) = PortList.parse(text)
            else { continue }
            for var port in labelled where ports[port.port] == nil {
                port.source = .dockerLabel
                ports[port.port] = port
            }
        }
        return ports.values.sorted()
    }
}
