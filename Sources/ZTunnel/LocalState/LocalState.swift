package import MeshModel
import MeshYAML

/// The mesh as a local file describes it: Istio's local YAML (`LOCAL_XDS_PATH`, `LOCAL_XDS`).
///
/// Unlike Istio's ztunnel we fill in what the wire's conversion fills in too: the trust domain `cluster.local`, the
/// service account `default`, the cluster `Kubernetes`, and a uid of namespace and name.
package struct LocalState: Hashable, Sendable {
    /// Workloads by uid.
    package private(set) var workloads: [String: Workload] = [:]
    /// Services by key.
    package private(set) var services: [NamespacedHostname: Service] = [:]
    /// Policies by key.
    package private(set) var policies: [String: AuthorizationPolicy] = [:]

    /// The largest file that is read, in bytes.
    package static let byteLimit = 16 << 20

    /// An empty mesh.
    package init() {}

    /// Reads the YAML text. Fields that nobody knows and resources that occur twice are errors.
    package init(yaml text: [UInt8]) throws(LocalStateError) {
        do throws(YAMLError) {
            var limits = YAMLLimits()
            limits.bytes = Self.byteLimit
            guard let document = try YAMLReader.read(text, limits: limits) else { return }
            try self.read(YAMLValue(document))
        } catch {
            throw LocalStateError("\(error)")
        }
    }

    private mutating func read(_ document: YAMLValue) throws(YAMLError) {
        var fields = try document.fields()
        for value in try fields.take("workloads")?.elements() ?? [] {
            let workload = try LocalYAML.workload(value)
            guard self.workloads.updateValue(workload, forKey: workload.uid) == nil else {
                throw value.error("a second workload has the uid \(workload.uid.prefix(128))")
            }
        }
        for value in try fields.take("services")?.elements() ?? [] {
            let service = try LocalYAML.service(value)
            guard self.services.updateValue(service, forKey: service.key) == nil else {
                throw value.error("a second service has the key \("\(service.key)".prefix(128))")
            }
        }
        for value in try fields.take("policies")?.elements() ?? [] {
            let policy = try LocalYAML.policy(value)
            guard self.policies.updateValue(policy, forKey: policy.key) == nil else {
                throw value.error("a second policy has the key \(policy.key.prefix(128))")
            }
        }
        try fields.finish()
    }

    /// What turns `old` into this: changed and removed resources only, in a fixed order.
    package func change(from old: LocalState) -> MeshChange {
        var change = MeshChange()
        change.workloads = self.workloads.filter { old.workloads[$0.key] != $0.value }.values.sorted { $0.uid < $1.uid }
        change.services = self.services.filter { old.services[$0.key] != $0.value }.values.sorted { $0.key < $1.key }
        change.policies = self.policies.filter { old.policies[$0.key] != $0.value }.values.sorted { $0.key < $1.key }
        change.removedAddresses =
            old.workloads.keys.filter { self.workloads[$0] == nil }.sorted()
            + old.services.keys.filter { self.services[$0] == nil }.map { "\($0)" }.sorted()
        change.removedPolicies = old.policies.keys.filter { self.policies[$0] == nil }.sorted()
        return change
    }
}

/// Why a local state can't be used: one line with place, field, value and what is allowed.
package struct LocalStateError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The line.
    package let description: String

    init(_ description: String) { self.description = String(description.prefix(1_024)) }
}
