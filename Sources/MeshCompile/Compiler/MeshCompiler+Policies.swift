import MeshConfig
import MeshProtos
import MeshXDS

extension MeshCompiler {
    /// What the names of policies that let waypoints through begin with.
    static var allowWaypointPrefix: String { "istio_allow_waypoint_" }

    mutating func settlePolicies(_ work: inout PendingWork) {
        for key in work.policies.sorted() {
            let resource = self.input.resources[key]
            let metadata =
                resource?.metadata ?? ResourceMetadata(name: key.name, namespace: key.namespace)
            switch resource?.spec {
            case .authorizationPolicy(let policy)?:
                let outcome = self.policySet.replace(metadata, with: policy)
                self.policyConditions[key] = outcome.condition
                self.note(outcome.change, &work)
                if policy.targetRefs.isEmpty {
                    self.targetPolicies.take(key, from: key.namespace)
                } else {
                    self.targetPolicies.add(key, to: key.namespace)
                }
            case .peerAuthentication(let peer)?:
                self.note(self.policySet.replace(metadata, with: peer), &work)
            default:
                if key.kind == .peerAuthentication {
                    self.note(self.policySet.replace(metadata, with: nil as Declared.PeerAuthentication?), &work)
                } else {
                    let gone = self.policySet.replace(metadata, with: nil as Declared.AuthorizationPolicy?)
                    self.policyConditions[key] = nil
                    self.note(gone.change, &work)
                    self.targetPolicies.take(key, from: key.namespace)
                }
            }
        }
    }

    /// Notes the workloads whose lists may be others now.
    private func note(_ change: PolicySet.Change, _ work: inout PendingWork) {
        for scope in change.scopes { work.workloads.formUnion(self.workloads(in: scope)) }
    }

    /// Encodes policies that are new or different, and drops those that are gone.
    mutating func publishPolicies(_ work: inout PendingWork) {
        self.policySet.needStrict(!self.refusers.isEmpty)
        for (key, policy) in self.policySet.takeUnpublished() {
            guard let policy else {
                if self.policyResources.removeValue(forKey: key) != nil { work.change.policies.removed.append(key) }
                continue
            }
            self.counts.policyEncodings += 1
            let resource = ResourceCatalog.Resource(name: key, bytes: policy.serialized)
            guard self.policyResources[key] != resource else { continue }
            self.policyResources[key] = resource
            work.change.policies.changed.append(resource)
        }
        guard work.isEverything else { return }
        for key in Array(self.policyResources.keys) where self.policySet.policies[key] == nil {
            self.policyResources[key] = nil
            work.change.policies.removed.append(key)
        }
    }

    // MARK: Waypoints

    /// The key of the policy that lets a waypoint through.
    func allowKey(of waypoint: ResourceKey) -> String {
        "\(waypoint.namespace)/\(Self.allowWaypointPrefix)\(waypoint.namespace)_\(waypoint.name)"
    }

    /// Lets a waypoint's identities through to what is bound to it, and, by being an ALLOW, nobody else.
    mutating func settleAllowPolicy(of waypoint: ResourceKey) {
        let key = self.allowKey(of: waypoint)
        guard self.config.allowsWaypoints, self.waypoints[waypoint] != nil else {
            _ = self.policySet.replace(key, with: nil)
            return
        }
        let accounts = Set(self.instances(of: waypoint).compactMap { self.nodes[$0]?.facts.serviceAccount })
        let policy = IstioSecurity.Authorization.with {
            $0.name = "\(Self.allowWaypointPrefix)\(waypoint.namespace)_\(waypoint.name)"
            $0.namespace = waypoint.namespace
            $0.scope = .workloadSelector
            $0.action = .allow
            let match = IstioSecurity.Match.with {
                $0.principals = accounts.sorted().map { account in
                    let id = "\(self.settings.trustDomain)/ns/\(waypoint.namespace)/sa/\(account)"
                    return IstioSecurity.StringMatch.with { $0.kind = .exact(id) }
                }
            }
            // Without instances nobody is let through.
            guard !accounts.isEmpty else { return }
            let clause = IstioSecurity.Clause.with { $0.matches = [match] }
            $0.rules = [IstioSecurity.Rule.with { $0.clauses = [clause] }]
        }
        _ = self.policySet.replace(key, with: policy)
    }

    // MARK: Findings

    /// PeerAuthentications with parts that mean nothing.
    var peerFindings: [MeshFinding] {
        self.input.resources.values.compactMap { resource in
            guard case .peerAuthentication(let peer) = resource.spec else { return nil }
            let hasSelector = peer.selector?.matchLabels.isEmpty == false
            if !hasSelector, !peer.portLevelModes.isEmpty {
                let detail = "portLevelMtls has no effect without a selector with labels"
                return MeshFinding(.withoutEffect, resource.key.description, detail)
            }
            if hasSelector, resource.metadata.namespace == self.config.rootNamespace {
                let detail = "a selector has no effect in the root namespace: declare it in the workloads' own"
                return MeshFinding(.withoutEffect, resource.key.description, detail)
            }
            return nil
        }
    }
}
