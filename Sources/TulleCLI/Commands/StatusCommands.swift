import AWSClient
import ArgumentParser

/// `tulle status`.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show who is connected to the control plane, how watching AWS goes, and what tulled found wrong.",
        discussion: """
            With -o wide each type of resource has a column: SYNCED, STALE (sent and not answered), NOT SENT or ERROR \
            (refused). The workers that watch AWS follow, one for each account and region, then what tulled found \
            wrong with the mesh, and where replicas share a table, how this one stands.
            """,
        aliases: ["proxy-status", "ps"]
    )

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ControlPlaneOptions

    func run() async throws {
        let run = CommandRun()
        try await run.perform {
            try await run.withAdmin(self.connection) { admin in
                try await Self.show(admin, output: self.output, console: run.console)
            }
        }
    }

    static func show(_ admin: AdminClient, output: OutputOptions, console: Console) async throws {
        let version = try await admin.call("GET", "/v1/version")
        let proxies = try await admin.call("GET", "/v1/proxies")
        let findings = try await admin.call("GET", "/v1/findings")["findings"]?.array ?? []
        let accounts = try await admin.call("GET", "/v1/accounts")["accounts"]?.array ?? []
        let list = proxies["proxies"]?.array ?? []
        let whole = proxies.with("accounts", .array(accounts)).with("findings", .array(findings))
        console.result(
            output.text(whole) { isWide in
                let table = ProxyTable.text(list, isWide: isWide)
                return accounts.isEmpty ? table : "\(table)\n\n\(AccountTable.text(accounts))"
            }
        )
        // Until then nobody is let in, so that an empty table says nothing.
        if let awaited = version["awaited"]?.string { console.warning(PlainLine.text(awaited)) }
        if let shared = version["shared"] {
            for line in ReplicaText.lines(shared) { console.step(line) }
            for problem in ReplicaText.problems(shared) { console.warning(problem) }
        }
        for problem in ProxyTable.problems(list) { console.warning(problem) }
        for problem in AccountTable.problems(accounts) { console.warning(problem) }
        for finding in findings {
            let subject = finding["subject"]?.string.map { "\($0): " } ?? ""
            let detail = finding["detail"]?.string ?? ""
            console.warning(PlainLine.text("[\(finding["code"]?.string ?? "-")] \(subject)\(detail)"))
        }
    }
}

/// `tulle certificates`.
struct CertificatesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certificates",
        abstract: "List the control plane's own certificates and those it issued."
    )

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ControlPlaneOptions

    func run() async throws {
        let run = CommandRun()
        try await run.perform {
            let answer = try await run.withAdmin(self.connection) { try await $0.call("GET", "/v1/certificates") }
            run.console.result(self.output.text(answer) { _ in Self.text(answer) })
        }
    }

    /// Chains as `ztunnel-config certificate` shows them, single certificates one a row.
    static func text(_ answer: JSONValue) -> String {
        let list = answer["certificates"]?.array ?? []
        if list.contains(where: { $0["certChain"] != nil }) { return CertificateTable.text(list) }
        return RecordTable.text(
            list,
            [
                .init("NAME", "identity", "name", "subject"), .init("TYPE", "type", "use", "kind"),
                .init("STATUS", "state", "status"), .init("SERIAL NUMBER", "serialNumber", "serial"),
                .init("NOT AFTER", "expirationTime", "notAfter"), .init("NOT BEFORE", "validFrom", "notBefore"),
            ],
            nothing: "there are no certificates"
        )
    }
}

/// `tulle token`: join tokens of machines that are no ECS task.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "List and revoke join tokens; 'tulle bootstrap --platform vm' makes them.",
        subcommands: [List.self, Revoke.self]
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List join tokens, without their secrets.")
        @OptionGroup var output: OutputOptions
        @OptionGroup var connection: ControlPlaneOptions

        func run() async throws {
            let run = CommandRun()
            try await run.perform {
                let answer = try await run.withAdmin(self.connection) { try await $0.call("GET", "/v1/tokens") }
                run.console.result(self.output.text(answer) { _ in Self.text(answer) })
            }
        }

        static func text(_ answer: JSONValue) -> String {
            RecordTable.text(
                answer["tokens"]?.array ?? [],
                [
                    .init("ID", "id"), .init("NAMESPACE", "namespace"), .init("SERVICE ACCOUNT", "serviceAccount"),
                    .init("STATE", "state", "status"), .init("EXPIRES", "expires", "expiresAt", "expiration"),
                ],
                nothing: "there are no join tokens"
            )
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Revoke a join token that was not used yet.")
        @Argument(help: "The token's id.") var id: String
        @OptionGroup var connection: ControlPlaneOptions

        func run() async throws {
            let run = CommandRun()
            try await run.perform {
                _ = try await run.withAdmin(self.connection) { admin in
                    try await admin.call("DELETE", "/v1/tokens/\(AdminClient.encoded(self.id))")
                }
                run.console.done("revoked token \(self.id)")
            }
        }
    }
}
