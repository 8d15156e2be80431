package import MeshConfig

/// What a data plane must know to join, as `/bootstrap` shows it: everything of a bootstrap token but the workload's own
/// namespace and service account. Nothing in it is secret.
package struct BootstrapDocument: Sendable, Hashable, Codable {
    /// Where data planes connect.
    package var url: String
    /// The roots to trust there and among each other, PEM.
    package var trustBundle: String
    /// The trust domain of all identities.
    package var trustDomain: String
    /// The network of the tasks' addresses.
    package var network: String
    /// The name of this mesh member.
    package var cluster: String
    /// The suffix of the services' long names.
    package var meshDomain: String
    /// What attestations must be signed for.
    package var audience: String

    /// Takes the fields from a configuration.
    package init(_ configuration: TulledConfiguration, trustBundle: String) {
        self.url = configuration.publicURL
        self.trustBundle = trustBundle
        self.trustDomain = configuration.trustDomain
        self.network = configuration.network
        self.cluster = configuration.clusterID
        self.meshDomain = configuration.meshDomain
        self.audience = configuration.audience
    }
}
