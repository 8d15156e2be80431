import DataPlane
import Glibc
import MeshDNS
import MeshModel
import TunnelEngine

extension MeshContext {
    /// Where each workload's DNS proxy listens; none when it is off.
    ///
    /// Whoever captures DNS redirects to a loopback address, so that nobody else can ask.
    var dnsAddresses: [SocketAddress] {
        guard self.configuration.isDNSEnabled else { return [] }
        switch self.configuration.dnsAddress {
        case .address(let address):
            return [address]
        case .loopback(let port):
            let v4 = self.listenAddress(port: port, isPrivate: true)
            // Tasks that share a namespace have one address each.
            guard self.configuration.isIPv6Enabled, v4.ip == IPAddress(v4: 0x7f00_0001) else { return [v4] }
            return [v4, SocketAddress(ip: IPAddress(v6High: 0, v6Low: 1), port: port)]
        }
    }
}

extension MeshNames {
    /// The names as the applications of `workload` ask them.
    init(serving workload: ServedWorkload) {
        let configuration = workload.mesh.configuration
        let standard = DNSName(parsing: "cluster.local") ?? .root
        let clusterDomain = configuration.clusterDomain.flatMap { DNSName(parsing: $0) } ?? standard
        let search = workload.nameServers.search
        self.init(
            meshDomain: DNSName(parsing: workload.local.meshDomain) ?? standard,
            clusterDomain: clusterDomain,
            search: search.isEmpty
                ? Self.kubernetesSearch(namespace: workload.local.identity.namespace, clusterDomain: clusterDomain)
                : search
        )
        self.preferredNamespace = configuration.preferredServiceNamespace ?? ""
        self.isIPv6Enabled = configuration.isIPv6Enabled
    }

    /// The host name of the service that proxy clients mean by `host`; nil when the mesh does not know it.
    func hostname(meantBy host: String, from namespace: String, in snapshot: MeshSnapshot) -> String? {
        DNSName(parsing: host).flatMap { self.match($0, from: namespace, in: snapshot)?.service.hostname }
    }
}

extension SocketError {
    /// Whether the address, or its whole family, is missing here.
    var lacksFamily: Bool { self.code == EAFNOSUPPORT || self.code == EADDRNOTAVAIL }
}
