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
            bindings.filter { $0["role"]?.string == role }.map { binding in
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

    /// D13: a certificate that was issued to this service's tasks is the proof.
    static func tokenService(_ facts: DoctorFacts) -> DoctorCheck.Verdict {
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
