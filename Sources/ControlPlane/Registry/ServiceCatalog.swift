import ECSDiscovery
import MeshModel

/// Names, ports and membership of all services: the part of the compilation that looks at services together.
///
/// Pure and deterministic: services are taken in the order of their ARNs.
struct ServiceCatalog {
    /// Which mesh services an ECS service belongs to, in order, and its namespace.
    struct Membership: Sendable, Hashable {
        var namespace: String
        var keys: [MeshService.Key]
    }

    private(set) var services: [MeshService.Key: MeshService] = [:]
    private(set) var memberships: [String: Membership] = [:]
    private(set) var findings: [RegistryFinding] = []

    init(
        services: [String: ObservedService],
        clusters: [String: ClusterStatus],
        bounds: [String: [NamespacePattern]] = [:],
        settings: RegistrySettings
    ) {
        var accepted: [(service: ObservedService, main: MeshService.Key)] = []
        for (arn, service) in services.sorted(by: { $0.key < $1.key }) where service.status != "INACTIVE" {
            guard let label = DNSLabel.make(service.name),
                let namespace = Self.namespace(of: service, clusters: clusters)
            else {
                self.find(
                    .nameUnusable,
                    arn,
                    "neither service nor cluster name can be a DNS label: tag it tulle/hostname"
                )
                continue
            }
            let allowed = bounds[service.clusterARN] ?? []
            guard allowed.allow(namespace) else {
                self.find(.namespaceNotAllowed, arn, RegistryFinding.bound(namespace, allowed))
                continue
            }
            for diagnostic in service.settings.diagnostics { self.find(.tagUnusable, arn, "\(diagnostic)") }
            if service.ports.isEmpty {
                self.find(.portsMissing, arn, "tag it tulle/ports, or give a container port mappings")
            }
            let domain = service.domain ?? settings.meshDomain
            let hostname = "\(label).\(namespace).\(domain)"
            let main = MeshService.Key(namespace: namespace, hostname: hostname)
            // The short name is of the mesh's own domain: a service of the same name in another domain is another one.
            let short = domain == settings.meshDomain ? ["\(label).\(namespace)"] : []
            self.add(service, as: main, name: label, hostnames: [hostname] + short, isByRight: true)
            self.memberships[arn] = Membership(namespace: namespace, keys: [main])
            accepted.append((service, main))
        }
        // Further names last: a tag must not take over the name that a service has by right.
        let taken = Set(self.services.values.flatMap(\.hostnames))
        let namespaces = Set(accepted.map(\.main.namespace))
        let domains = Set(accepted.compactMap(\.service.domain)).union([settings.meshDomain])
        for (service, main) in accepted {
            for extra in service.extraHostnames.map({ $0.lowercased() }) {
                let isForeign =
                    domains.contains { domain in
                        extra.hasSuffix(".\(domain)") && !extra.hasSuffix(".\(main.namespace).\(domain)")
                    }
                    || Self.isShortName(extra, in: namespaces.subtracting([main.namespace]))
                guard !taken.contains(extra), !isForeign else {
                    self.find(
                        .tagUnusable,
                        service.arn,
                        "tulle/hostname \(extra.prefix(253)) belongs to another service or namespace"
                    )
                    continue
                }
                let key = MeshService.Key(namespace: main.namespace, hostname: extra)
                guard self.memberships[service.arn]?.keys.contains(key) == false else { continue }
                self.add(
                    service,
                    as: key,
                    name: DNSLabel.make(service.name) ?? service.name,
                    hostnames: [extra],
                    isByRight: domains.contains { extra.hasSuffix(".\($0)") }
                )
                self.memberships[service.arn]?.keys.append(key)
            }
        }
    }

    /// Whether a name has the form `<service>.<namespace>`: such a name belongs to that namespace even while no service
    /// of it has it, or a tag elsewhere could catch the calls to a service that is late.
    private static func isShortName(_ name: String, in namespaces: Set<String>) -> Bool {
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        return labels.count == 2 && labels.last.map { namespaces.contains(String($0)) } == true
    }

    /// The service's tag, else its cluster's, else the cluster's name.
    private static func namespace(of service: ObservedService, clusters: [String: ClusterStatus]) -> String? {
        let named = service.namespace ?? clusters[service.clusterARN]?.settings.namespace ?? service.clusterName
        return DNSLabel.make(named)
    }

    private mutating func add(
        _ service: ObservedService,
        as key: MeshService.Key,
        name: String,
        hostnames: [String],
        isByRight: Bool
    ) {
        guard var known = self.services[key] else {
            var first = MeshService(
                key: key,
                name: name,
                hostnames: hostnames,
                ports: service.ports,
                address: nil,
                sources: [service.arn]
            )
            first.isByRight = isByRight
            first.labels = TagLabels.labels(service.tags)
            first.waypoint = service.settings.waypoint
            self.services[key] = first
            return
        }
        known.sources.append(service.arn)
        if known.ports.isEmpty { known.ports = service.ports }
        let numbers = Set(known.ports.map(\.port))
        if !service.ports.isEmpty, numbers != Set(service.ports.map(\.port)) {
            let theirs = service.ports.map { String($0.port) }.joined(separator: ", ")
            self.find(
                .portsConflict,
                service.arn,
                "serves ports \(theirs), but \(known.sources.first ?? "another") of the same name \(key) serves others; "
                    + "the first one's count"
            )
        }
        self.services[key] = known
    }

    private mutating func find(_ code: RegistryFinding.Code, _ subject: String, _ detail: String) {
        self.findings.append(RegistryFinding(code: code, subject: subject, detail: detail))
    }
}
