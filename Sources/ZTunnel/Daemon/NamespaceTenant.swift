import MeshModel
import TunnelEngine

/// A network namespace that belongs to one workload, and how the mesh's state knows that workload.
struct NamespaceTenant {
    /// The namespace.
    let namespace: NetworkNamespace
    /// By which others reach it, as read from the namespace itself.
    let addresses: [IPAddress]

    /// The workload that the mesh has at one of the addresses; nil when there is none, or it is not `isMeant`.
    ///
    /// By address and not by name, as a name is unique only within a cluster and namespace that a host can't know.
    func workload(in snapshot: MeshSnapshot, network: String, isMeant: (Workload) -> Bool) -> Workload? {
        for address in self.addresses {
            let found = snapshot.workload(at: NetworkAddress(network: network, ip: address))
            if let found, isMeant(found) { return found }
        }
        return nil
    }
}
