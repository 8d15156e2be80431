import AWSClient

/// Checks of who the tasks are.
enum IdentityChecks {
    /// D07
    static func taskRole(_ facts: DoctorFacts) -> DoctorCheck.Verdict {
        guard let role = facts.definition.text("taskRoleArn"), !role.isEmpty else {
            return .problem(
                .error,
                "the task definition has no taskRoleArn: its tasks cannot prove who they are",
                mend: "give the task a role of its own; it needs no permission"
            )
        }
        guard case .known(let policy) = facts.trustPolicy else {
            return .notChecked(ServiceChecks.reason(facts.trustPolicy))
        }
        let statements = policy["Statement"]?.array ?? [policy["Statement"]].compactMap { $0 }
        let allowed = statements.filter { $0["Effect"]?.string == "Allow" }.flatMap(Self.principals)
        guard allowed.contains("ecs-tasks.amazonaws.com") else {
            return .problem(
                .error,
                "the role's trust policy does not let ecs-tasks.amazonaws.com assume it: no task can start with it",
                mend: "allow sts:AssumeRole to the service ecs-tasks.amazonaws.com"
            )
        }
        let others = allowed.filter { $0 != "ecs-tasks.amazonaws.com" }
        guard others.isEmpty else {
            return .problem(
                .warning,
                "the role can be assumed by \(others.joined(separator: ", ")) too, which gets the task's identity",
                mend: "let the trust policy name ecs-tasks.amazonaws.com alone"
            )
        }
        return .fine("assumed by ecs-tasks.amazonaws.com only")
    }

    private static func principals(_ statement: JSONValue) -> [String] {
        if let text = statement["Principal"]?.string { return [text] }
        return (statement["Principal"]?.object ?? [:]).flatMap { member in
            member.value.string.map { [$0] } ?? member.value.strings
        }
    }

    /// D08
    static func binding(_ facts: DoctorFacts) -> DoctorCheck.Verdict {
        guard let role = facts.definition.text("taskRoleArn"), !role.isEmpty else {
            return .notChecked("the task definition has no taskRoleArn")
        }
        guard case .known(let bindings) = facts.bindings else {
            return .notChecked(ServiceChecks.reason(facts.bindings))
        }
        let accounts = Set(
            bindings.filter { $0["role"]?.string == role && $0["functions"] == nil }.map { binding in
                "\(binding["namespace"]?.string ?? "?")/\(binding["serviceAccount"]?.string ?? "?")"
            }
        )
        .sorted()
        let service = ECSService(facts.service)
        let namespace = service?.tag(ECSService.Tag.namespace)
        let account = service?.tag(ECSService.Tag.serviceAccount)
        let wanted = namespace.flatMap { namespace in account.map { "\(namespace)/\($0)" } }
        guard !accounts.isEmpty else {
            return .problem(
                .error,
                "no ServiceAccountBinding names the role \(role): its tasks get no certificate",
                mend: "tulle ecs bind-role \(role) \(wanted ?? "NAMESPACE/SERVICE-ACCOUNT")"
            )
        }
        guard accounts.count == 1 else {
            return .problem(
                .error,
                "the role is bound to \(accounts.joined(separator: " and ")): each of its tasks may be any of them",
                mend: "give each service account a role of its own"
            )
        }
        guard let wanted, wanted != accounts[0] else { return .fine("bound to \(accounts[0])") }
        return .problem(
            .error,
            "the role is bound to \(accounts[0]), and the service is tagged as \(wanted): its tasks are refused",
            mend: "tulle ecs bind-role \(role) \(wanted), or tag the service as \(accounts[0])"
        )
    }

    /// D14: an attestation bears the time at which the task signed it, and the control plane holds it against its own.
    static func clock(_ facts: DoctorFacts) -> DoctorCheck.Verdict {
        guard case .known(let tasks) = facts.tasks else { return .notChecked(ServiceChecks.reason(facts.tasks)) }
        guard case .known(let records) = facts.issuances else {
            return .notChecked(ServiceChecks.reason(facts.issuances))
        }
        let newest = Self.newest(records, of: tasks, orCode: "attestation_expired")
        guard let refused = newest.sorted(by: { $0.key < $1.key }).first(where: { $0.value["code"] != nil }) else {
            return newest.isEmpty
                ? .notChecked(
                    "none of the control plane's newest records is of these tasks; a task's own metadata endpoint tells "
                        + "its clock's error (ClockDrift)"
                )
                : .fine("the control plane took what \(Count.of(newest.count, "task")) signed by their clocks")
        }
        return .problem(
            .error,
            "the control plane refused the task at \(refused.key): \(refused.value["hint"]?.string ?? "its time is wrong")",
            mend:
                "see the task's metadata endpoint for its clock's error (ClockDrift), and the control plane's own clock"
        )
    }

    /// The newest record of each task, by its address, among those that say issued or have this code: what was wrong may
    /// have been mended since.
    private static func newest(
        _ records: [JSONValue],
        of tasks: [JSONValue],
        orCode code: String
    ) -> [String: JSONValue] {
        let addresses = Set(tasks.flatMap(Self.addresses))
        var newest: [String: JSONValue] = [:]
        for record in records where record["attestor"]?.string == "ecs_task" {
            guard let peer = record["peer"]?.string.map(Self.host), addresses.contains(peer), newest[peer] == nil,
                record["outcome"]?.string == "issued" || record["code"]?.string == code
            else { continue }
            newest[peer] = record
        }
        return newest
    }

    /// A task's addresses, of its containers and of its interface.
    private static func addresses(_ task: JSONValue) -> [String] {
        let interfaces = (task["containers"]?.array ?? []).flatMap { $0["networkInterfaces"]?.array ?? [] }
        return interfaces.flatMap { [$0["privateIpv4Address"]?.string, $0["ipv6Address"]?.string].compactMap { $0 } }
    }

    /// `10.0.0.1` of `ipv4:10.0.0.1:4711` and of `10.0.0.1:4711`; IPv6 is in brackets.
    private static func host(_ peer: String) -> String {
        if let open = peer.firstIndex(of: "["), let close = peer.firstIndex(of: "]"), open < close {
            return String(peer[peer.index(after: open)..<close])
        }
        let parts = peer.split(separator: ":")
        return parts.count > 1 ? String(parts[parts.count - 2]) : peer
    }

    /// D13: what the control plane noted when these tasks asked for certificates, or else that one is connected, which
    /// takes a certificate.
    static func tokenService(_ facts: DoctorFacts) -> DoctorCheck.Verdict {
        if case .known(let records) = facts.issuances, case .known(let tasks) = facts.tasks {
            let newest = Self.newest(records, of: tasks, orCode: "sts_unavailable")
            if let refused = newest.sorted(by: { $0.key < $1.key }).first(where: { $0.value["code"] != nil }) {
                return .problem(
                    .error,
                    "the control plane got no answer when it asked AWS about the task at \(refused.key): "
                        + (refused.value["hint"]?.string ?? "sts_unavailable"),
                    mend:
                        "give tulled a way to the region's STS and ECS: interface endpoints (com.amazonaws.REGION.sts "
                        + "and .ecs), or a NAT gateway, and TCP 443 out; the tasks themselves need none"
                )
            }
        }
        guard case .known(let proxies) = facts.proxies else { return .notChecked(ServiceChecks.reason(facts.proxies)) }
        let service = ECSService(facts.service)
        guard let namespace = service?.tag(ECSService.Tag.namespace),
            let account = service?.tag(ECSService.Tag.serviceAccount)
        else { return .notChecked("the service is not tagged with namespace and service account") }
        let end = "/ns/\(namespace)/sa/\(account)"
        let count = proxies.count { $0["identity"]?.string?.hasSuffix(end) ?? false }
        guard count > 0 else {
            return .notChecked(
                "no ztunnel of \(namespace)/\(account) is connected; only the control plane calls STS, and its log "
                    + "tells why it refused (sts_unavailable)"
            )
        }
        return .fine("\(count) ztunnels of \(namespace)/\(account) have proven themselves and are connected")
    }
}
