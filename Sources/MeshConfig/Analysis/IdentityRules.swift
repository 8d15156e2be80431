/// Rules on namespaces and on who a role is.
enum IdentityRules {
    /// TUL0501, TUL0502, TUL0503.
    static func all(_ context: AnalysisContext) -> [Finding] {
        Self.namespaces(context) + Self.bindings(context)
    }

    private static func namespaces(_ context: AnalysisContext) -> [Finding] {
        // Who declares no namespace at all does without them.
        guard !context.namespaces.isEmpty else { return [] }
        var told: Set<String> = []
        return context.resources.compactMap { resource in
            let namespace: String
            if case .serviceAccountBinding(let binding) = resource.spec {
                namespace = binding.namespace
            } else {
                namespace = resource.metadata.namespace
            }
            guard !namespace.isEmpty, namespace != context.rootNamespace, context.namespaces[namespace] == nil,
                told.insert(namespace).inserted
            else { return nil }
            let message =
                "the namespace \"\(namespace)\" is not declared: it has no labels, so no waypoint and no other "
                + "setting of its own"
            return Finding(.namespaceUndeclared, resource, message)
        }
    }

    private static func bindings(_ context: AnalysisContext) -> [Finding] {
        var bound: [String: [(resource: DeclaredResource, account: String)]] = [:]
        for resource in context.resources {
            // Functions are named in their bindings, so a role of several functions may have several.
            guard case .serviceAccountBinding(let binding) = resource.spec, binding.functions.isEmpty else { continue }
            let account = "\(binding.namespace)/\(binding.serviceAccount)"
            bound[binding.role, default: []].append((resource, account))
        }
        var findings: [Finding] = []
        for (role, bindings) in bound {
            let accounts = Set(bindings.map(\.account)).sorted()
            guard accounts.count > 1 else { continue }
            let message =
                "the role \(role) is bound to \(accounts.joined(separator: " and ")): each of its tasks may be any "
                + "of them; give each service account a role of its own"
            findings += bindings.map { Finding(.roleBoundTwice, $0.resource, message) }
        }
        var told: Set<String> = []
        for role in context.facts?.roles ?? [] where bound[role.arn] == nil && told.insert(role.arn).inserted {
            let message =
                "\(role.user) runs with the role \(role.arn), which is bound to no service account: its tasks get no "
                + "certificate"
            findings.append(Finding(.roleUnbound, nil, message))
        }
        return findings
    }
}
