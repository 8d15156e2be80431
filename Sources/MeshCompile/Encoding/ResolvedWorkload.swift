import MeshModel
import MeshProtos
import MeshXDS

/// A workload with all that is sent of it: equal values, equal bytes.
struct ResolvedWorkload: Hashable {
    var facts: WorkloadFacts
    var services: [NamespacedHostname: [ServicePort]]
    var policies: [String]
    var waypoint: GatewayAddress?
    var networkGateway: GatewayAddress?
    var applicationTunnel: InboundBinding?
    var network: String
    /// The labels that waypoints compare.
    var labels: [String: String] = [:]

    /// The workload's resource.
    func resource(settings: MeshSettings) -> ResourceCatalog.Resource {
        let facts = self.facts
        let message = IstioWorkload.Workload.with { message in
            message.uid = facts.uid
            message.name = facts.name
            message.namespace = facts.namespace
            message.addresses = facts.addresses.map(\.bytes)
            message.hostname = facts.addresses.isEmpty ? facts.hostname : ""
            message.network = self.network
            message.tunnelProtocol = facts.tunnel == .hbone ? .hbone : .none
            message.nativeTunnel = facts.hasNativeTunnel
            // Empty stands for the usual value of both.
            message.trustDomain = settings.trustDomain == "cluster.local" ? "" : settings.trustDomain
            message.serviceAccount = facts.serviceAccount == "default" ? "" : facts.serviceAccount
            message.node = facts.node
            message.canonicalName =
                facts.canonicalName ?? Self.first(MeshKeys.canonicalNames, facts) ?? facts.workloadName
            message.canonicalRevision =
                facts.canonicalRevision ?? Self.first(MeshKeys.canonicalRevisions, facts) ?? "latest"
            message.workloadType = .pod
            message.workloadName = facts.workloadName
            message.authorizationPolicies = self.policies
            message.status = facts.isHealthy ? .healthy : .unhealthy
            message.clusterID = facts.clusterID ?? settings.clusterID
            if facts.locality != Locality() {
                message.locality = IstioWorkload.Locality.with {
                    $0.region = facts.locality.region
                    $0.zone = facts.locality.zone
                    $0.subzone = facts.locality.subzone
                }
            }
            message.networkMode = facts.usesHostNetwork ? .hostNetwork : .standard
            message.waypoint = self.waypoint?.message
            message.networkGateway = self.networkGateway?.message
            message.applicationTunnel = self.applicationTunnel.map { binding in
                IstioWorkload.ApplicationTunnel.with {
                    $0.proto = .proxy
                    $0.port = UInt32(binding.port ?? 0)
                }
            }
            message.capacity = facts.capacity.map { capacity in
                GoogleProtobuf.UInt32Value.with { $0.value = capacity }
            }
            if !self.labels.isEmpty {
                let labels = TulleL7.WorkloadLabels.with { $0.labels = self.labels }
                message.extensions = [
                    IstioWorkload.Extension.with {
                        $0.name = "tulle.l7.v1.WorkloadLabels"
                        $0.config = GoogleProtobuf.AnyMessage.with {
                            $0.typeURL = TulleL7.workloadLabelsTypeURL
                            $0.value = labels.serialized
                        }
                    }
                ]
            }
            for (key, ports) in self.services {
                message.services[key.description] = IstioWorkload.PortList.with {
                    $0.ports = ports.map(\.message)
                }
            }
        }
        return ResourceCatalog.Resource(
            name: facts.uid,
            bytes: IstioWorkload.Address.with { $0.kind = .workload(message) }.serialized,
            aliases: facts.usesHostNetwork ? [] : facts.addresses.map { "\(self.network)/\($0)" },
            parents: self.services.keys.map(\.description).sorted()
                + (facts.node.isEmpty ? [] : [AddressParents.node(facts.node)])
        )
    }

    private static func first(_ keys: [String], _ facts: WorkloadFacts) -> String? {
        keys.lazy.compactMap { facts.labels[$0] }.first { !$0.isEmpty }
    }
}
