import AWSClient

/// A task definition with App Mesh's proxy replaced by a ztunnel, by the same edit that `tulle ecs add-service` makes.
struct DefinitionTranslation {
    /// What every ztunnel is told.
    var facts: ControlPlaneFacts
    var image: String
    var namespace: MeshName

    /// The new definition; nil when it can't be made, which the report then says.
    func translate(_ node: AppMeshNode, report: inout MigrationReport) -> TaskDefinition? {
        guard let found = node.definition, let account = MeshName(node.account),
            let (proxy, _) = AppMeshSidecar.find(in: found.definition)
        else { return nil }
        let subject = "taskDefinition/\(found.definition.family)"
        let redirect = AppMeshSidecar.Redirect(found.definition["proxyConfiguration"])
        for (name, reason) in redirect.lost {
            report.add(.changed, subject, nil, "\(found.file): proxyConfiguration.properties \(name): \(reason)")
        }
        self.notes(of: found, proxy: proxy, subject: subject, report: &report)
        let token = BootstrapToken(controlPlane: self.facts, namespace: self.namespace, serviceAccount: account)
        var enrolment = Enrolment(token: token.text, image: self.image)
        let reserved = redirect.appPorts.filter(ZTunnelPorts.all.contains)
        enrolment.appPorts = redirect.appPorts.filter { !reserved.contains($0) }
        if !reserved.isEmpty {
            let list = reserved.map(String.init).joined(separator: ", ")
            report.add(.changed, subject, nil, "\(found.file): AppPorts \(list) are ztunnel's own, and left out")
        }
        enrolment.egressIgnoredPorts = redirect.ignoredPorts
        do {
            let outcome = try enrolment.apply(to: AppMeshSidecar.remove(proxy.name, from: found.definition))
            for warning in outcome.warnings { report.add(.note, subject, nil, "\(found.file): \(warning)") }
            return outcome.definition
        } catch {
            report.add(.lost, subject, nil, "\(found.file): \(error.description); \(error.hint)")
            return nil
        }
    }

    private func notes(
        of found: AppMeshExport.Definition,
        proxy: Container,
        subject: String,
        report: inout MigrationReport
    ) {
        for container in found.definition.containers where container.name != proxy.name {
            let shares = container.json["volumesFrom"]?.array ?? []
            if shares.contains(where: { $0["sourceContainer"]?.string == proxy.name }) {
                report.add(
                    .lost,
                    subject,
                    nil,
                    "\(found.file): container \"\(container.name)\" has volumesFrom the proxy \"\(proxy.name)\", which is gone; "
                        + "ECS refuses the definition until that is taken out"
                )
            }
            if container.json["image"]?.string?.contains("xray-daemon") == true {
                report.add(
                    .note,
                    subject,
                    nil,
                    "\(found.file): container \"\(container.name)\" took the proxy's traces; ztunnel sends none to X-Ray "
                        + "(docs/observability.md), so keep it only if the application uses it"
                )
            }
        }
        let dropped = proxy.environmentNames.filter { !$0.hasPrefix("APPMESH_") && !$0.hasPrefix("ENVOY_") }
        if !dropped.isEmpty {
            report.add(
                .note,
                subject,
                nil,
                "\(found.file): settings of the proxy \"\(proxy.name)\" that go with it: \(dropped.sorted().joined(separator: ", "))"
            )
        }
    }
}
