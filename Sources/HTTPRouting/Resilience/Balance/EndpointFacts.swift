package import MeshModel

/// What discovery says of one endpoint of a cluster.
package struct EndpointFacts: Sendable, Hashable {
    /// The workload's uid.
    package var id: String
    /// Where it listens: its own address and its own port for the cluster's.
    package var address: SocketAddress
    /// Its share among its equals; zero takes no traffic.
    package var weight: UInt32
    /// Where it runs.
    package var locality: Locality
    /// Its labels, as far as subsets and preferences ask for them.
    package var labels: [String: String]
    /// The network its address belongs to.
    package var network: String
    /// The host it runs on; empty where unknown.
    package var node: String
    /// Whether discovery takes it for ready.
    package var isHealthy: Bool
    /// Whether it ends: it gets nothing new but what its sessions bring.
    package var isDraining: Bool

    /// Joins the facts.
    package init(
        id: String,
        address: SocketAddress,
        weight: UInt32 = 1,
        locality: Locality = Locality(),
        labels: [String: String] = [:],
        network: String = "",
        node: String = "",
        isHealthy: Bool = true,
        isDraining: Bool = false
    ) {
        self.id = id
        self.address = address
        self.weight = weight
        self.locality = locality
        self.labels = labels
        self.network = network
        self.node = node
        self.isHealthy = isHealthy
        self.isDraining = isDraining
    }
}

/// Where the waypoint itself runs: what endpoints are compared with.
package struct ClientPlace: Sendable, Hashable {
    /// Its region, zone and subzone.
    package var locality: Locality
    /// Its labels.
    package var labels: [String: String]
    /// Its host; empty where unknown.
    package var node: String
    /// Its network.
    package var network: String

    /// Joins the facts.
    package init(
        locality: Locality = Locality(),
        labels: [String: String] = [:],
        node: String = "",
        network: String = ""
    ) {
        self.locality = locality
        self.labels = labels
        self.node = node
        self.network = network
    }
}
