/// Where tasks may run that join: accounts, and regions and clusters of them.
package struct AttestationPlace: Sendable, Hashable {
    /// Accounts, 12 digits each.
    package var accounts: Set<String>
    /// Regions of those accounts.
    package var regions: Set<String>
    /// Names of clusters there; empty means all that are looked in.
    package var clusters: Set<String>

    /// Holds the parts as they are.
    package init(accounts: Set<String>, regions: Set<String>, clusters: Set<String>) {
        self.accounts = accounts
        self.regions = regions
        self.clusters = clusters
    }
}

/// What the mesh's owner allows: the facts that an attestation is held against.
package struct AttestationPolicy: Sendable, Hashable {
    /// The text that every attestation must be signed for, by default `<trust domain>/tulled`.
    package var audience: String
    /// The trust domain of the identities that are given out.
    package var trustDomain: String
    /// Where tasks run that may join. None means that nobody may.
    package var places: [AttestationPlace]
    /// Which role is which service account.
    package var bindings: [RoleBinding]
    /// How far the signing time may lie from now, either way. AWS itself accepts 15 minutes, which is far too long.
    package var age: Duration = .seconds(120)

    /// Makes a policy of one place, with the default age of 120 s.
    package init(
        audience: String,
        trustDomain: String,
        regions: Set<String>,
        accounts: Set<String>,
        clusters: Set<String>,
        bindings: [RoleBinding]
    ) {
        self.audience = audience
        self.trustDomain = trustDomain
        self.places = [AttestationPlace(accounts: accounts, regions: regions, clusters: clusters)]
        self.bindings = bindings
    }

    /// All regions of all places.
    var regions: Set<String> { self.places.reduce(into: []) { $0.formUnion($1.regions) } }
}

/// One line of the owner's list that says which role is which service account. This list, and nothing a task or a tag
/// says about itself, is the authority.
package struct RoleBinding: Sendable, Hashable {
    /// The task role.
    package var role: RoleName
    /// The namespace of the identity.
    package var namespace: String
    /// The service account of the identity.
    package var serviceAccount: String
    /// The Lambda functions that it holds for, and then for nobody else; empty for tasks of ECS.
    package var functions: Set<String>

    /// Makes a binding.
    package init(role: RoleName, namespace: String, serviceAccount: String, functions: Set<String> = []) {
        self.functions = functions
        self.role = role
        self.namespace = namespace
        self.serviceAccount = serviceAccount
    }
}

extension AttestationPolicy {
    /// Chooses the identity of a task: its role must be bound, and its tags must not contradict.
    ///
    /// - Parameters:
    ///   - role: the task's role, proven.
    ///   - tags: the task's tags. `tulle/namespace` and `tulle/service-account` (or the `ecs.solo.io/` spelling)
    ///     narrow the choice, and never widen it.
    /// - Throws: `IssuanceRefusal` with `binding_missing` unless exactly one binding is left.
    package func binding(for role: RoleName, tags: [String: String]) throws(IssuanceRefusal) -> RoleBinding {
        let bound = self.bindings.filter { $0.role == role && $0.functions.isEmpty }
        guard !bound.isEmpty else {
            throw IssuanceRefusal(.bindingMissing, "bind the role \(role) to a service account in the configuration")
        }
        let namespace = Self.tag("namespace", in: tags)
        let account = Self.tag("service-account", in: tags)
        let agreeing = Set(bound).filter { binding in
            (namespace ?? binding.namespace) == binding.namespace
                && (account ?? binding.serviceAccount) == binding.serviceAccount
        }
        guard let only = agreeing.first else {
            throw IssuanceRefusal(
                .bindingMissing,
                "the task's tags name \((namespace ?? "any").prefix(64))/\((account ?? "any").prefix(64)), "
                    + "but \(role) is bound to \(bound.map { "\($0.namespace)/\($0.serviceAccount)" }.joined(separator: ", "))"
            )
        }
        guard agreeing.count == 1 else {
            throw IssuanceRefusal(
                .bindingMissing,
                "\(role) is bound to several service accounts: tag the task with tulle/namespace and "
                    + "tulle/service-account to choose one"
            )
        }
        return only
    }

    /// Chooses the identity of a Lambda function; nil where no binding of its role names it.
    ///
    /// There is no list of running functions to hold this against, so each must be named by the owner.
    /// - Parameters:
    ///   - role: the function's role, proven.
    ///   - function: the session's name, which Lambda makes the function's.
    /// - Throws: `IssuanceRefusal` with `binding_missing` where several name it.
    package func binding(for role: RoleName, function: String) throws(IssuanceRefusal) -> RoleBinding? {
        let bound = self.bindings.filter { $0.role == role && $0.functions.contains(function) }
        let accounts = Set(bound.map { "\($0.namespace)/\($0.serviceAccount)" })
        guard accounts.count < 2 else {
            throw IssuanceRefusal(
                .bindingMissing,
                "the function \(function) of \(role) is bound to several service accounts: "
                    + accounts.sorted().joined(separator: ", ")
            )
        }
        return bound.first
    }

    private static func tag(_ name: String, in tags: [String: String]) -> String? {
        tags["tulle/\(name)"] ?? tags["ecs.solo.io/\(name)"]
    }
}
