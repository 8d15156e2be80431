package import ArgumentParser
import Foundation

/// `tulle ecs add-service`.
package struct AddServiceCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "add-service",
        abstract: "Enrol a service: put a ztunnel into its task definition and roll it out.",
        discussion: """
            Works on the raw JSON of the task definition, so no field is lost, and can be undone with remove-service. \
            With --task-definition and --render nothing of AWS is called.
            """
    )

    @Argument(help: "Name or ARN of the service.")
    var service: String?

    @Option(help: "Name or ARN of the ECS cluster.")
    var cluster: String?

    @OptionGroup var mesh: MeshOptions

    @Option(help: "How connections are captured.")
    var capture: CaptureMode = .appmesh

    @Option(help: "Image of the ztunnel container; TULLE_ZTUNNEL_IMAGE unless given.")
    var image: String?

    @Option(
        help:
            "App ports to capture, most important first, such as 80,81 (capture appmesh); all mapped if not given."
    )
    var containerPort: PortList?

    @Option(help: "Destination ports that stay outside the mesh, such as 443,5432 (capture appmesh).")
    var egressIgnorePorts: PortList?

    @Option(help: "A bootstrap token, or the path of a file with one; asked of --control-plane unless given.")
    var bootstrapToken: String?

    @Option(help: "Print this and write nothing.")
    var render: Rendering?

    @Option(help: "Edit the task definition in this file in place of the service's; needs --render.")
    var taskDefinition: String?

    @Flag(help: "Read everything, show the change, write nothing.")
    var dryRun = false

    @OptionGroup var aws: AWSOptions

    package init() {}

    package func validate() throws {
        if self.taskDefinition != nil {
            guard self.render != nil else { throw ValidationError("--task-definition needs --render json or diff") }
        } else {
            guard self.service != nil else { throw ValidationError("the name of the service is missing") }
            guard self.cluster != nil else { throw ValidationError("--cluster is missing") }
        }
        if let count = self.containerPort?.ports.count, count > ZTunnelPorts.mostAppPorts {
            throw ValidationError(
                "--container-port names \(count) ports; ECS captures at most \(ZTunnelPorts.mostAppPorts)"
            )
        }
        if let count = self.egressIgnorePorts?.ports.count, count > ZTunnelPorts.mostAppPorts {
            throw ValidationError(
                "--egress-ignore-ports names \(count) ports; ECS takes at most \(ZTunnelPorts.mostAppPorts)"
            )
        }
        if let port = self.containerPort?.ports.first(where: ZTunnelPorts.all.contains) {
            throw ValidationError("--container-port names \(port), which ztunnel listens on")
        }
        if self.capture == .socks, self.containerPort != nil || self.egressIgnorePorts != nil {
            throw ValidationError("--container-port and --egress-ignore-ports are for capture mode appmesh only")
        }
    }

    package func run() async throws {
        let run = CommandRun()
        try await run.perform {
            var enrolment = Enrolment(token: try await self.token(run), capture: self.capture)
            enrolment.image = self.image ?? run.environment["TULLE_ZTUNNEL_IMAGE"].flatMap { $0.isEmpty ? nil : $0 }
            enrolment.appPorts = self.containerPort?.ports ?? []
            enrolment.egressIgnoredPorts = self.egressIgnorePorts?.ports ?? []
            if let path = self.taskDefinition, let render = self.render {
                let before = try TaskDefinition(contentsOf: path)
                let outcome = try enrolment.apply(to: before)
                outcome.warnings.forEach(run.console.warning)
                run.console.result(render.text(before: before, after: outcome.definition))
                return
            }
            let command = AddService(
                service: self.service ?? "",
                cluster: self.cluster ?? "",
                namespace: self.mesh.namespace,
                serviceAccount: self.mesh.serviceAccount,
                enrolment: enrolment
            )
            try await run.withECS(self.aws) { ecs in
                guard self.dryRun || self.render != nil else {
                    return try await command.run(ecs, console: run.console)
                }
                let plan = try await command.plan(ecs, console: run.console)
                let rendering = self.render ?? .diff
                run.console.result(rendering.text(before: plan.before, after: plan.outcome.definition))
                if self.dryRun {
                    run.console.done("dry run: would register this, tag \"\(plan.service.name)\" and roll it out")
                }
            }
        }
    }

    private func token(_ run: CommandRun) async throws -> String {
        guard let given = self.bootstrapToken else {
            run.console.step("generating bootstrap token for \(self.mesh.namespace)/\(self.mesh.serviceAccount)")
            return try await run.token(for: self.mesh).text
        }
        var token = given
        if FileManager.default.fileExists(atPath: given) {
            token = try BoundedInput.text(at: given).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        try BootstrapToken.check(token, isFor: self.mesh.namespace, self.mesh.serviceAccount)
        return token
    }
}
