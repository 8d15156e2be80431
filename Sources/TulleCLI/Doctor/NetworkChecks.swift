import AWSClient

/// Checks of the network around the tasks.
enum NetworkChecks {
    /// D10
    static func securityGroups(_ facts: DoctorFacts) -> DoctorCheck.Verdict {
        guard case .known(let groups) = facts.securityGroups else {
            return .notChecked(ServiceChecks.reason(facts.securityGroups))
        }
        guard !groups.isEmpty else {
            return .notChecked("the service names no security group; the VPC's default holds")
        }
        let port = Self.controlPlanePort(facts)
        var wrong: [String] = []
        if !groups.contains(where: { $0.inbound.contains { $0.allows(ZTunnelPorts.tunnel) } }) {
            wrong.append("nobody may connect to port \(ZTunnelPorts.tunnel)")
        }
        for wanted in [ZTunnelPorts.tunnel, port]
        where !groups.contains(where: { $0.outbound.contains { $0.allows(wanted) } }) {
            wrong.append("tasks may not connect to port \(wanted)")
        }
        let names = groups.map(\.id).joined(separator: ", ")
        guard wrong.isEmpty else {
            return .problem(
                .error,
                "\(names): \(wrong.joined(separator: "; "))",
                mend:
                    "allow TCP \(ZTunnelPorts.tunnel) in and out between the mesh's tasks, and TCP \(port) out to the "
                    + "control plane"
            )
        }
        return .fine("\(names): \(ZTunnelPorts.tunnel) in and out, \(port) out")
    }

    /// The port that ztunnels reach the control plane on; 15012 while it cannot be asked.
    private static func controlPlanePort(_ facts: DoctorFacts) -> Int {
        guard let url = facts.controlPlane.value?.url, let colon = url.lastIndex(of: ":"),
            let port = Int(url[url.index(after: colon)...].prefix { $0.isNumber })
        else { return 15012 }
        return port
    }

    /// D11
    static func dualStack(_ facts: DoctorFacts) -> DoctorCheck.Verdict {
        guard case .known(let subnets) = facts.subnets else { return .notChecked(ServiceChecks.reason(facts.subnets)) }
        guard facts.capture == .appmesh else { return .notApplicable("capture mode socks carries IPv6 too") }
        let dual = subnets.filter(\.hasIPv6).map(\.id)
        guard dual.isEmpty else {
            return .problem(
                .warning,
                "subnet \(dual.joined(separator: ", ")) has IPv6, which ECS never redirects: connections by IPv6 go "
                    + "round the mesh",
                mend: "close IPv6 in the security group, or use names of the private zone, which are IPv4 only"
            )
        }
        return .fine("\(subnets.count) subnets, IPv4 only")
    }

    /// D12
    static func privateZone(_ facts: DoctorFacts) -> DoctorCheck.Verdict {
        guard facts.capture == .appmesh else { return .notApplicable("capture mode socks leaves names to ztunnel") }
        guard case .known(let vpc) = facts.vpc else { return .notChecked(ServiceChecks.reason(facts.vpc)) }
        var settings: [String] = []
        if !vpc.resolvesNames { settings.append("enableDnsSupport") }
        if !vpc.namesHosts { settings.append("enableDnsHostnames") }
        guard settings.isEmpty else {
            return .problem(
                .error,
                "\(vpc.id) has \(settings.joined(separator: " and ")) off: private zones are not resolved in it",
                mend: settings.map { "aws ec2 modify-vpc-attribute --vpc-id \(vpc.id) --\(Self.flag($0))" }
                    .joined(separator: "; ")
            )
        }
        guard case .known(let control) = facts.controlPlane else {
            return .notChecked("the mesh's domain is not known: \(ServiceChecks.reason(facts.controlPlane))")
        }
        guard case .known(let zones) = facts.zones else { return .notChecked(ServiceChecks.reason(facts.zones)) }
        let namespace = ECSService(facts.service)?.tag(ECSService.Tag.namespace)
        // Names are `service.namespace` and `service.namespace.<mesh domain>`; each form has a zone of its own.
        let wanted = [control.meshDomain, namespace].compactMap { $0 }
        let found = wanted.filter { zones.contains("\($0).") }
        guard !found.isEmpty else {
            return .problem(
                .error,
                "\(vpc.id) resolves no private zone \(wanted.joined(separator: " or ")): tasks cannot find mesh names",
                mend: "associate the zone that tulled keeps with the VPC: aws route53 associate-vpc-with-hosted-zone"
            )
        }
        return .fine("\(vpc.id) resolves \(found.joined(separator: " and "))")
    }

    private static func flag(_ setting: String) -> String {
        setting == "enableDnsSupport" ? "enable-dns-support" : "enable-dns-hostnames"
    }
}
