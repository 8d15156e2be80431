package import ECSDiscovery
package import MeshModel

/// A service of the mesh as data planes will know it: what several ECS services of the same name add up to.
package struct MeshService: Sendable, Hashable {
    /// The name that makes a service different from all others.
    package struct Key: Sendable, Hashable, Comparable, CustomStringConvertible {
        /// The namespace, a DNS label.
        package let namespace: String
        /// The full host name.
        package let hostname: String

        /// Makes a key.
        package init(namespace: String, hostname: String) {
            self.namespace = namespace
            self.hostname = hostname
        }

        /// `<namespace>/<hostname>`, the resource name.
        package var description: String { "\(self.namespace)/\(self.hostname)" }

        package static func < (left: Self, right: Self) -> Bool {
            (left.namespace, left.hostname) < (right.namespace, right.hostname)
        }
    }

    /// Its key.
    package var key: Key
    /// The short name, a DNS label.
    package var name: String
    /// Every host name that it answers to, the key's first.
    package var hostnames: [String]
    /// Whether its long name is one that it has by right, not by a tag.
    package var isByRight = true
    /// Its ports, sorted.
    package var ports: [ObservedPort]
    /// Its virtual address; nil when the pool is full.
    package var address: IPAddress?
    /// The ECS services behind it, sorted ARNs.
    package var sources: [String]
    /// The tags of the first of them, as labels and annotations.
    package var labels: [String: String] = [:]
    /// The waypoint that the first of them asks for, as `name` or `namespace/name`.
    package var waypoint: String?

    /// Holds the parts as they are.
    package init(
        key: Key,
        name: String,
        hostnames: [String],
        ports: [ObservedPort],
        address: IPAddress?,
        sources: [String]
    ) {
        self.key = key
        self.name = name
        self.hostnames = hostnames
        self.ports = ports
        self.address = address
        self.sources = sources
    }
}

/// Something in the observations that the owner should mend; the rest works on.
package struct RegistryFinding: Sendable, Hashable, CustomStringConvertible {
    /// The kinds of finding.
    package enum Code: String, Sendable, CaseIterable {
        /// A name leaves nothing that DNS could hold.
        case nameUnusable = "name_unusable"
        /// ECS services of one mesh name serve different ports.
        case portsConflict = "ports_conflict"
        /// A service has no ports: tag it or give its containers port mappings.
        case portsMissing = "ports_missing"
        /// All virtual addresses are taken.
        case addressesExhausted = "addresses_exhausted"
        /// An enrolled task's role is bound to no service account, so it cannot get a certificate.
        case bindingMissing = "binding_missing"
        /// A tag cannot be read.
        case tagUnusable = "tag_unusable"
        /// A zone has a record of a service's name that is not ours.
        case nameHeld = "name_held"
        /// A service or task is in a namespace that its account may not use.
        case namespaceNotAllowed = "namespace_not_allowed"
        /// A waypoint was asked for and does not stand in front of it.
        case waypointUnbound = "waypoint_unbound"
        /// A part of a declared resource has no effect.
        case withoutEffect = "without_effect"
    }

    /// Which kind.
    package var code: Code
    /// The ARN or name that it is about.
    package var subject: String
    /// What was found and what to do.
    package var detail: String

    package var description: String { "\(self.code.rawValue): \(self.subject): \(self.detail)" }
}
