/// What the compilation must know beside what was observed and declared.
package struct MeshSettings: Hashable, Sendable {
    /// The trust domain of all identities.
    package var trustDomain: String
    /// The suffix of the services' long names, without a dot in front.
    package var meshDomain: String
    /// The mesh's own network; empty for the one flat network.
    package var network: String
    /// The name of this member of the mesh.
    package var clusterID: String
    /// Which endpoints of platform services are taken first where nobody says; nil for any.
    package var distribution: TrafficDistribution?

    /// Makes settings.
    package init(
        trustDomain: String,
        meshDomain: String,
        network: String = "",
        clusterID: String,
        distribution: TrafficDistribution? = nil
    ) {
        self.trustDomain = trustDomain
        self.meshDomain = meshDomain
        self.network = network
        self.clusterID = clusterID
        self.distribution = distribution
    }
}
