import ArgumentParser
import Foundation

/// What goes into a task definition, for the commands that enrol one.
struct EnrolmentOptions: ParsableArguments, Sendable {
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

    func validate() throws {
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

    /// The edit, with a token that is asked for where none is given.
    func enrolment(of mesh: MeshOptions, _ run: CommandRun) async throws -> Enrolment {
        var enrolment = Enrolment(token: try await self.token(of: mesh, run), capture: self.capture)
        enrolment.image = self.image ?? run.environment["TULLE_ZTUNNEL_IMAGE"].flatMap { $0.isEmpty ? nil : $0 }
        enrolment.appPorts = self.containerPort?.ports ?? []
        enrolment.egressIgnoredPorts = self.egressIgnorePorts?.ports ?? []
        return enrolment
    }

    private func token(of mesh: MeshOptions, _ run: CommandRun) async throws -> String {
        guard let given = self.bootstrapToken else {
            run.console.step("generating bootstrap token for \(mesh.namespace)/\(mesh.serviceAccount)")
            return try await run.token(for: mesh).text
        }
        var token = given
        if FileManager.default.fileExists(atPath: given) {
            token = try BoundedInput.text(at: given).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        try BootstrapToken.check(token, isFor: mesh.namespace, mesh.serviceAccount)
        return token
    }
}
