import AWSClient

/// `tulle ecs list-roles`: which role is which service account.
enum RoleTable {
    /// How a role stands.
    enum State: String {
        case bound
        case unbound
        case boundTwice = "bound twice"
        case otherAccount = "other account"
        case outside = "not in mesh"
        case unknown
    }

    /// One row a role.
    /// - Parameter bindings: specs of the ServiceAccountBindings; nil where they are not known.
    static func text(_ roles: [RoleDirectory.Role], bindings: [JSONValue]?) -> String {
        guard !roles.isEmpty else { return "no service has a task role" }
        var table = Table(["ROLE", "SERVICES", "TAGGED AS", "BOUND TO", "STATE"])
        for role in roles {
            let accounts = self.accounts(role.arn, bindings)
            let tagged = role.taggedAccounts.sorted()
            table.add([
                role.arn, role.services.map(\.name).joined(separator: ","),
                tagged.isEmpty ? "-" : tagged.joined(separator: ","),
                accounts.flatMap { $0.isEmpty ? nil : $0.joined(separator: ",") } ?? "-",
                self.state(role, accounts).rawValue,
            ])
        }
        return table.text
    }

    /// The same as a document.
    static func json(_ roles: [RoleDirectory.Role], bindings: [JSONValue]?) -> JSONValue {
        .array(
            roles.map { role in
                let accounts = self.accounts(role.arn, bindings)
                return [
                    "role": .string(role.arn), "services": .strings(role.services.map(\.name)),
                    "taggedAs": .strings(role.taggedAccounts.sorted()),
                    "boundTo": accounts.map { .strings($0) } ?? .null,
                    "state": .string(self.state(role, accounts).rawValue),
                ]
            }
        )
    }

    private static func accounts(_ role: String, _ bindings: [JSONValue]?) -> [String]? {
        guard let bindings else { return nil }
        let accounts = bindings.filter { $0["role"]?.string == role && $0["functions"] == nil }.map { binding in
            "\(binding["namespace"]?.string ?? "?")/\(binding["serviceAccount"]?.string ?? "?")"
        }
        return Set(accounts).sorted()
    }

    private static func state(_ role: RoleDirectory.Role, _ accounts: [String]?) -> State {
        guard let accounts else { return .unknown }
        if accounts.count > 1 { return .boundTwice }
        guard let account = accounts.first else { return role.isEnrolled ? .unbound : .outside }
        return role.taggedAccounts.isSubset(of: [account]) ? .bound : .otherAccount
    }
}
