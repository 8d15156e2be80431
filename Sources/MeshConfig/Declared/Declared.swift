/// The kinds that users declare, as checked values: one nested type a kind, with the field names of its API.
///
/// They hold what was written, defaults of the API filled in; what it means is decided where it is compiled.
package enum Declared {}

/// What makes a declared resource different from all others.
package struct ResourceKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Which kind.
    package var kind: ResourceKind
    /// The namespace; empty for kinds that have none.
    package var namespace: String
    /// The name, unique in kind and namespace.
    package var name: String

    /// Makes a key.
    package init(kind: ResourceKind, namespace: String, name: String) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
    }

    /// `<Kind>/<namespace>/<name>`, without the namespace for kinds that have none.
    package var description: String {
        self.namespace.isEmpty
            ? "\(self.kind.rawValue)/\(self.name)" : "\(self.kind.rawValue)/\(self.namespace)/\(self.name)"
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.kind.rawValue, left.namespace, left.name) < (right.kind.rawValue, right.namespace, right.name)
    }
}

/// Where a resource was written.
package struct ResourceOrigin: Hashable, Sendable, CustomStringConvertible {
    /// The file's path below the configuration's directory, or `-` for what came by the admin API.
    package var file: String
    /// The line of the document's first key, counted from 1.
    package var line: Int

    /// Names a place.
    package init(file: String, line: Int) {
        self.file = file
        self.line = line
    }

    package var description: String { "\(self.file):\(self.line)" }
}

/// The part of every resource that is the same for all kinds: `metadata`.
package struct ResourceMetadata: Hashable, Sendable {
    /// The name: a DNS subdomain of at most 253 bytes.
    package var name: String
    /// The namespace, a DNS label; empty for kinds that have none.
    package var namespace: String
    /// Labels.
    package var labels: [String: String]
    /// Annotations.
    package var annotations: [String: String]
    /// When it was first seen, in seconds since 1970: what decides between two claims to one thing. Kept by whoever stores
    /// the resource; `metadata.creationTimestamp` where it was written, as in exports of a Kubernetes cluster.
    package var created: Int64

    /// Makes metadata.
    package init(
        name: String,
        namespace: String,
        labels: [String: String] = [:],
        annotations: [String: String] = [:],
        created: Int64 = 0
    ) {
        self.name = name
        self.namespace = namespace
        self.labels = labels
        self.annotations = annotations
        self.created = created
    }
}

/// A resource that was read and checked.
package struct DeclaredResource: Hashable, Sendable {
    /// Its `apiVersion` as written, such as `security.istio.io/v1`.
    package var apiVersion: String
    /// Its metadata.
    package var metadata: ResourceMetadata
    /// Its kind and content.
    package var spec: Declared.Spec
    /// `spec` as it was written, for those who show it; null where there was none.
    package var written: ConfigValue
    /// Where it was written.
    package var origin: ResourceOrigin

    /// Makes a resource.
    package init(
        apiVersion: String,
        metadata: ResourceMetadata,
        spec: Declared.Spec,
        written: ConfigValue = .null,
        origin: ResourceOrigin
    ) {
        self.apiVersion = apiVersion
        self.metadata = metadata
        self.spec = spec
        self.written = written
        self.origin = origin
    }

    /// Its key.
    package var key: ResourceKey {
        ResourceKey(kind: self.spec.kind, namespace: self.metadata.namespace, name: self.metadata.name)
    }
}

extension Declared {
    /// The content of a resource, by kind.
    package enum Spec: Hashable, Sendable {
        /// A namespace; all that counts is in its metadata.
        case namespace
        case serviceEntry(ServiceEntry)
        case workloadEntry(WorkloadEntry)
        case authorizationPolicy(AuthorizationPolicy)
        case peerAuthentication(PeerAuthentication)
        case gateway(Gateway)
        case serviceAccountBinding(ServiceAccountBinding)
        case meshConfig(MeshConfig)
        case ecsAccount(ECSAccount)
        /// A kind that a waypoint carries out: checked field by field against its schema, held as written.
        case route(ResourceKind, ConfigValue)

        /// Which kind.
        package var kind: ResourceKind {
            switch self {
            case .namespace: .namespace
            case .serviceEntry: .serviceEntry
            case .workloadEntry: .workloadEntry
            case .authorizationPolicy: .authorizationPolicy
            case .peerAuthentication: .peerAuthentication
            case .gateway: .gateway
            case .serviceAccountBinding: .serviceAccountBinding
            case .meshConfig: .meshConfig
            case .ecsAccount: .ecsAccount
            case .route(let kind, _): kind
            }
        }
    }
}
