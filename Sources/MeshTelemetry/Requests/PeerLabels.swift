/// What telemetry says about one end of a request: a workload.
///
/// Made once for a tunnel or an endpoint and shared by its requests, with the hash at hand, so that finding a series
/// does not walk through text. Two are equal when their metrics' labels are; the instance and its kind only show in
/// logs and spans. Text that isn't known is empty and shown as `unknown`.
package final class PeerLabels: Sendable {
    /// What is known about a workload.
    package struct Facts: Hashable, Sendable {
        /// The workload's name, such as the ECS service that owns the task.
        package var workload = ""
        /// The canonical service.
        package var canonicalService = ""
        /// The canonical revision.
        package var canonicalRevision = ""
        /// The namespace; the one in ``principal`` counts more.
        package var namespace = ""
        /// The SPIFFE URI that mutual TLS proved, or that the mesh's state has for the endpoint.
        package var principal = ""
        /// The `app` label; empty for the canonical service.
        package var app = ""
        /// The `version` label; empty for the canonical revision.
        package var version = ""
        /// The cluster.
        package var cluster = ""
        /// What kind of controller owns it, such as `deployment`.
        package var kind = ""
        /// The instance: task or pod.
        package var instance = ""

        /// A workload of which nothing is known.
        package init() {}
    }

    /// The workload's name.
    package let workload: String
    /// The canonical service.
    package let canonicalService: String
    /// The canonical revision.
    package let canonicalRevision: String
    /// The namespace.
    package let namespace: String
    /// The SPIFFE URI.
    package let principal: String
    /// The application.
    package let app: String
    /// Its version.
    package let version: String
    /// The cluster.
    package let cluster: String
    /// What kind of controller owns it.
    package let kind: String
    /// The instance.
    package let instance: String
    /// The hash of the metrics' labels.
    let digest: Int

    /// Of whom nothing is known.
    package static let unknown = PeerLabels(Facts())

    /// Settles what is shown.
    package init(_ facts: Facts) {
        self.workload = facts.workload
        self.canonicalService = facts.canonicalService
        self.canonicalRevision = facts.canonicalRevision
        self.namespace = Self.namespace(ofPrincipal: facts.principal) ?? facts.namespace
        self.principal = facts.principal
        self.app = facts.app.isEmpty ? facts.canonicalService : facts.app
        self.version = facts.version.isEmpty ? facts.canonicalRevision : facts.version
        self.cluster = facts.cluster
        self.kind = facts.kind
        self.instance = facts.instance
        var hasher = Hasher()
        for text in [
            self.workload, self.canonicalService, self.canonicalRevision, self.namespace, self.principal, self.app,
            self.version, self.cluster,
        ] { hasher.combine(text) }
        self.digest = hasher.finalize()
    }

    /// The `/ns/…` part of a SPIFFE URI; nil when it has none.
    package static func namespace(ofPrincipal principal: String) -> String? {
        let parts = principal.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 8, omittingEmptySubsequences: false)
        // spiffe: "" domain ns <namespace> sa <account>
        guard parts.count == 7, parts[0].elementsEqual("spiffe:".utf8), parts[3].elementsEqual("ns".utf8),
            parts[5].elementsEqual("sa".utf8), !parts[4].isEmpty
        else { return nil }
        return String(Substring(parts[4]))
    }
}

extension PeerLabels: Hashable {
    package static func == (left: PeerLabels, right: PeerLabels) -> Bool {
        if left === right { return true }
        return left.digest == right.digest && left.workload == right.workload && left.principal == right.principal
            && left.namespace == right.namespace && left.canonicalService == right.canonicalService
            && left.canonicalRevision == right.canonicalRevision && left.app == right.app
            && left.version == right.version && left.cluster == right.cluster
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(self.digest) }
}
