package import MeshModel
import Synchronization

/// Who a data plane serves, or is itself, and where that workload is found in the mesh's state.
package final class LocalWorkload: Sendable {
    /// The identity that the control plane is asked for.
    package let identity: SPIFFEID
    /// The same as text, made once for all connections.
    package let uri: String
    /// The network that the workload is in.
    package let network: String
    /// The cluster that it runs in.
    package let cluster: String
    /// The domain of service names.
    package let meshDomain: String
    private let known: Mutex<(name: String, addresses: [IPAddress])>

    /// Starts with what the configuration knows.
    package init(
        identity: SPIFFEID,
        network: String,
        cluster: String,
        meshDomain: String,
        name: String,
        addresses: [IPAddress]
    ) {
        self.identity = identity
        self.uri = "\(identity)"
        self.network = network
        self.cluster = cluster
        self.meshDomain = meshDomain
        self.known = Mutex((name, addresses.map(\.canonical)))
    }

    /// The workload's name: the ECS task id where it is known.
    package var name: String { self.known.withLock { $0.name } }

    /// The workload's addresses as far as they are known, canonical.
    package var addresses: [IPAddress] { self.known.withLock { $0.addresses } }

    /// Adds an address that was learned later.
    package func add(_ address: IPAddress) {
        let address = address.canonical
        self.known.withLock { known in
            if !known.addresses.contains(address) { known.addresses.append(address) }
        }
    }

    /// Sets the name unless the configuration did.
    package func learn(name: String) {
        self.known.withLock { known in
            if known.name.isEmpty { known.name = name }
        }
    }

    /// The workload as the control plane knows it; nil while it doesn't.
    ///
    /// One of its addresses must be ours and its identity the one we hold: policies of anybody else must not be ours.
    package func workload(in snapshot: MeshSnapshot) -> Workload? {
        for address in self.addresses {
            guard let found = snapshot.workload(at: NetworkAddress(network: self.network, ip: address)) else {
                continue
            }
            if found.identity == self.identity { return found }
        }
        return nil
    }

    /// The workload as a client: what the control plane knows, or what we know ourselves until it does.
    package func client(in snapshot: MeshSnapshot) -> Workload {
        if let known = self.workload(in: snapshot) { return known }
        var workload = Workload(uid: self.name, identity: self.identity)
        workload.name = self.name
        workload.network = self.network
        workload.clusterID = self.cluster
        workload.addresses = self.addresses
        return workload
    }
}
