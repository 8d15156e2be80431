import MeshConfig
import MeshModel

/// What has to be compiled again for waypoints.
struct L7Scope {
    var services: Set<NamespacedHostname> = []
    var gateways: Set<ResourceKey> = []
}

extension MeshCompiler {
    /// Finds the services and waypoints that a change concerns, and notes the routes whose conditions may be others.
    func scope(of work: PendingWork) -> L7Scope {
        var scope = L7Scope()
        if work.isEverything {
            scope.services = Set(self.l7.waypoints.keys).union(self.l7.routes.keys)
            scope.gateways = Set(self.waypoints.keys).union(self.l7.settings.keys)
            return scope
        }
        let mesh = self.l7Mesh
        for (kind, references) in work.l7.changes { self.note(kind, references, mesh, &scope) }
        for key in work.l7.delegates { self.noteUsers(of: .delegate(key), mesh, &scope) }
        for source in work.l7.keySets { self.noteUsers(of: .keys(source), mesh, &scope) }
        for (key, old) in work.l7.services {
            scope.services.insert(key)
            for claim in [old, self.services[key]?.claim].compactMap(\.self) {
                self.noteUsers(of: claim, mesh, &scope)
            }
        }
        for key in work.l7.gateways {
            scope.gateways.insert(key)
            scope.services.formUnion(self.l7.bound[key] ?? [])
        }
        // Which of them keep sessions shows when they are compiled; the others come out as they were.
        if self.l7.isRekeyed { scope.services.formUnion(self.l7.routes.keys) }
        // What is bound to nothing and never was has nothing to compile.
        scope.services = scope.services.filter { self.l7.waypoints[$0] != nil || self.l7.routes[$0] != nil }
        return scope
    }

    private func note(_ kind: ResourceKind, _ references: L7References, _ mesh: L7Mesh, _ scope: inout L7Scope) {
        for reference in references.attached {
            let services = mesh.services(reference)
            scope.services.formUnion(services.map(\.claim.key))
            // How a service is used concerns all who send requests to it.
            if [.destinationRule, .healthCheckPolicy, .backendTrafficPolicy, .backendTLSPolicy].contains(kind) {
                for service in services { self.noteUsers(of: service.claim, mesh, &scope) }
            }
            switch reference {
            case .gateway(let key):
                scope.gateways.insert(key)
                scope.services.formUnion(self.l7.bound[key] ?? [])
            case .gatewayClass:
                scope.gateways.formUnion(self.waypoints.keys)
                scope.services.formUnion(self.l7.waypoints.keys)
            case .namespace(let name): self.note(namespace: name, &scope)
            case .grants, .bundle: self.noteUsers(of: reference, mesh, &scope)
            default: break
            }
        }
    }

    /// All that a namespace's defaults hold for.
    private func note(namespace: String, _ scope: inout L7Scope) {
        let isRoot = namespace == self.config.rootNamespace
        for gateway in self.waypoints.keys where isRoot || gateway.namespace == namespace {
            scope.gateways.insert(gateway)
            scope.services.formUnion(self.l7.bound[gateway] ?? [])
        }
        scope.services.formUnion(self.servicesByNamespace[namespace] ?? [])
    }

    /// Those whose routes name a service.
    private func noteUsers(of claim: ServiceClaim, _ mesh: L7Mesh, _ scope: inout L7Scope) {
        for reference in mesh.references(to: claim) { self.noteUsers(of: reference, mesh, &scope) }
        if self.l7.providers.contains(claim.key.hostname) || claim.aliases.contains(where: self.l7.providers.contains) {
            scope.gateways.formUnion(self.waypoints.keys)
        }
    }

    /// Those whose routes, or those of whom they delegate to, name something.
    private func noteUsers(of reference: L7Reference, _ mesh: L7Mesh, _ scope: inout L7Scope) {
        for key in self.l7.index.mentioned[reference] ?? [] {
            guard let references = self.l7.index.references[key] else { continue }
            self.note(key.kind == .destinationRule ? .httpRoute : key.kind, references, mesh, &scope)
            guard key.kind == .virtualService, reference != .delegate(key) else { continue }
            for root in self.l7.index.mentioned[.delegate(key)] ?? [] {
                guard let references = self.l7.index.references[root] else { continue }
                self.note(root.kind, references, mesh, &scope)
            }
        }
    }
}
