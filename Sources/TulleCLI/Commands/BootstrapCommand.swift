package import ArgumentParser

/// `tulle bootstrap`: prints the token that a ztunnel starts with.
package struct BootstrapCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "bootstrap",
        abstract: "Print a bootstrap token for a workload.",
        discussion: """
            The token tells a ztunnel where the control plane is and whom to trust. On platform ecs it holds no \
            secret. On platform vm it carries a join token, which proves the workload once: keep it to yourself.
            """
    )

    @OptionGroup var mesh: MeshOptions

    @Option(help: "What the workload runs on.")
    var platform: BootstrapToken.Platform = .ecs

    @Option(help: "How many seconds the join token can be used, on platform vm.")
    var ttl = 3600

    package init() {}

    package func validate() throws {
        guard (60...604_800).contains(self.ttl) else {
            throw ValidationError("--ttl is \(self.ttl); allowed are 60 to 604800 seconds")
        }
    }

    package func run() async throws {
        let run = CommandRun()
        try await run.perform {
            run.console.step(
                "generating bootstrap token for \(self.mesh.namespace)/\(self.mesh.serviceAccount)"
            )
            let token = try await run.token(for: self.mesh, platform: self.platform, lifetime: self.ttl)
            run.console.result(token.text)
        }
    }
}

extension CommandRun {
    /// Makes a token from what the control plane says, and tells the steps.
    /// - Parameter lifetime: seconds that a join token can be used.
    func token(
        for mesh: MeshOptions,
        platform: BootstrapToken.Platform = .ecs,
        lifetime: Int = 3600
    ) async throws -> BootstrapToken {
        let facts = try await self.controlPlane(mesh.connection)
        self.console.step("fetched root certificate and settings from the control plane")
        self.console.detail("ztunnels connect to \(facts.url)")
        if !facts.network.isEmpty { self.console.detail("network \(facts.network)") }
        var token = BootstrapToken(
            controlPlane: facts,
            namespace: mesh.namespace,
            serviceAccount: mesh.serviceAccount,
            platform: platform
        )
        self.console.detail("identity \(token.identity)")
        if platform == .vm {
            let join = try await self.withAdmin(mesh.connection) { admin in
                try await JoinToken.make(for: mesh.namespace, mesh.serviceAccount, lifetime: lifetime, admin)
            }
            token.joinToken = join.secret
            self.console.detail("join token \(join.id), for one use within \(lifetime) s")
        }
        return token
    }
}
