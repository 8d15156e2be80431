package import ArgumentParser

/// `tulle bootstrap`: prints the token that a ztunnel starts with.
package struct BootstrapCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "bootstrap",
        abstract: "Print a bootstrap token for a workload.",
        discussion: "The token holds no secret: it tells a ztunnel where the control plane is and whom to trust."
    )

    @OptionGroup var mesh: MeshOptions

    @Option(help: "What the workload runs on.")
    var platform: BootstrapToken.Platform = .ecs

    package init() {}

    package func run() async throws {
        let run = CommandRun()
        try await run.perform {
            run.console.step(
                "generating bootstrap token for \(self.mesh.namespace)/\(self.mesh.serviceAccount)"
            )
            let token = try await run.token(for: self.mesh, platform: self.platform)
            run.console.result(token.text)
        }
    }
}

extension CommandRun {
    /// Makes a token from what the control plane says, and tells the steps.
    func token(for mesh: MeshOptions, platform: BootstrapToken.Platform = .ecs) async throws -> BootstrapToken {
        let facts = try await self.controlPlane(at: mesh.controlPlane)
        self.console.step("fetched root certificate and settings from \(mesh.controlPlane)")
        self.console.detail("ztunnels connect to \(facts.url)")
        if !facts.network.isEmpty { self.console.detail("network \(facts.network)") }
        let token = BootstrapToken(
            controlPlane: facts,
            namespace: mesh.namespace,
            serviceAccount: mesh.serviceAccount,
            platform: platform
        )
        self.console.detail("identity \(token.identity)")
        return token
    }
}
