/// Look-ups for names, as DNS and proxy clients ask.
extension MeshSnapshot {
    /// Whether a service is called by its host name or by `name.namespace`.
    package enum NameKind: Hashable, Sendable {
        /// The full host name.
        case hostname
        /// `name.namespace`.
        case short
    }

    /// The service that clients in `namespace` mean by a name; `isUsable` narrows the choice before it is made.
    ///
    /// The client's own namespace comes first, then a canonical service, then one of `preferredNamespace`, then the
    /// first by key: ztunnel's order for DNS.
    /// - Parameter name: in lower case and without a dot at the end.
    package func service(
        named name: String,
        _ kind: NameKind,
        from namespace: String,
        preferredNamespace: String = "",
        where isUsable: (Service) -> Bool
    ) -> Service? {
        var best: (rank: Int, service: Service)?
        for record in self.serviceRecords(host: name) {
            let service = record.service
            let isHostname = service.hostname == name || service.hostname.lowercased() == name
            guard isHostname == (kind == .hostname), service.isVisible(to: namespace),
                isUsable(service)
            else { continue }
            if service.namespace == namespace { return service }
            let rank = service.isCanonical ? 2 : service.namespace == preferredNamespace ? 1 : 0
            if let best, best.rank >= rank { continue }
            best = (rank, service)
        }
        return best?.service
    }

    /// The first address of a family of each endpoint of a service, as a headless service's name stands for.
    ///
    /// Only endpoints on `network` count, as an address of another one means nothing to the client, and only healthy
    /// ones unless the service takes all.
    package func endpointAddresses(of service: Service, isV4: Bool, network: String) -> [IPAddress] {
        self.endpointRecords(of: service.key).compactMap { endpoint in
            let workload = endpoint.record.workload
            guard workload.network == network, workload.isHealthy || service.loadBalancing.allowsUnhealthy else {
                return nil
            }
            return workload.addresses.first { $0.isV4 == isV4 }
        }
    }
}
