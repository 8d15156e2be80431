package import CertificateAuthority

/// What the registry must know beside what was observed.
package struct RegistrySettings: Sendable, Hashable {
    /// The trust domain of all identities.
    package var trustDomain: String
    /// The suffix of the services' long names.
    package var meshDomain: String
    /// The network of the tasks' addresses; empty for the one flat network.
    package var network: String
    /// The name of this mesh member in workload ids.
    package var clusterID: String
    /// Which role is which service account.
    package var bindings: [RoleBinding]
    /// Whether services get a virtual address of IPv6 beside that of IPv4.
    package var givesLongAddresses: Bool

    /// Makes settings.
    package init(
        trustDomain: String,
        meshDomain: String,
        network: String,
        clusterID: String,
        bindings: [RoleBinding],
        givesLongAddresses: Bool = false
    ) {
        self.trustDomain = trustDomain
        self.meshDomain = meshDomain
        self.network = network
        self.clusterID = clusterID
        self.bindings = bindings
        self.givesLongAddresses = givesLongAddresses
    }
}
