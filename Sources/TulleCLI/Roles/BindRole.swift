import AWSClient

/// `tulle ecs bind-role`: declares a binding, and tells what becomes of those that were there.
struct BindRole: Sendable {
    /// What is to be.
    var binding: RoleBinding

    /// Applies the binding.
    /// - Throws: `CommandFailure` when the control plane refuses it.
    func run(_ admin: AdminClient, console: Console) async throws {
        let before = try await admin.resources(kind: "ServiceAccountBinding")
        let input = ConfigurationInput(name: "-", text: YAMLText.document(self.binding.json))
        try await ApplyResources().run([input], admin, console: console)
        for text in self.notes(before) { console.warning(text) }
    }

    /// What a person should know of the bindings that were there before.
    func notes(_ before: [StoredResource]) -> [String] {
        before.compactMap { resource in
            let spec = resource.json["spec"]
            let role = spec?["role"]?.string ?? "?"
            let account = "\(spec?["namespace"]?.string ?? "?")/\(spec?["serviceAccount"]?.string ?? "?")"
            let (newRole, newAccount) = (self.binding.role.text, self.binding.account)
            if resource.name == self.binding.name {
                guard role != newRole || account != newAccount else { return nil }
                return PlainLine.text("\"\(resource.name)\" bound \(role) to \(account) before; that is replaced")
            }
            // Who is named can't be anybody else.
            let isOfTasks = self.binding.functions.isEmpty && spec?["functions"] == nil
            guard role == newRole, account != newAccount, isOfTasks else { return nil }
            return PlainLine.text(
                "\"\(resource.name)\" binds the role to \(account) as well, so that each of its tasks may be either; "
                    + "'tulle delete serviceaccountbinding \(resource.name)' takes that away"
            )
        }
    }
}
