extension IstioWorkload {
    /// One running instance: on ECS a task.
    package struct Workload: ProtoMessage {
        /// The instance's name, for people.
        package var name = ""
        /// Its namespace.
        package var namespace = ""
        /// Its IP addresses, 4 or 16 bytes each.
        package var addresses: [[UInt8]] = []
        /// The network its addresses belong to; "" is the default network.
        package var network = ""
        /// How to reach it.
        package var tunnelProtocol = TunnelProtocol(rawValue: 0)
        /// Its trust domain; "" means `cluster.local`.
        package var trustDomain = ""
        /// Its service account; "" means `default`.
        package var serviceAccount = ""
        /// The waypoint in front of it.
        package var waypoint: GatewayAddress?
        /// The host it runs on.
        package var node = ""
        /// The application's name, for telemetry.
        package var canonicalName = ""
        /// The application's version, for telemetry.
        package var canonicalRevision = ""
        /// What kind of controller owns it.
        package var workloadType = WorkloadType(rawValue: 0)
        /// The name of the controller that owns it.
        package var workloadName = ""
        /// Whether it terminates HBONE itself.
        package var nativeTunnel = false
        /// Names (`namespace/name`) of the policies that select it.
        package var authorizationPolicies: [String] = []
        /// Whether it takes new connections.
        package var status = WorkloadStatus(rawValue: 0)
        /// The cluster it runs in; "" means `Kubernetes`.
        package var clusterID = ""
        /// The way into its network from other networks.
        package var networkGateway: GatewayAddress?
        /// Its identity in the mesh, and the name of its resource.
        package var uid = ""
        /// A name to resolve when it has no addresses.
        package var hostname = ""
        /// The services it backs (`namespace/hostname`) and its ports for them.
        package var services: [String: PortList] = [:]
        /// How its application wants to be told the original destination.
        package var applicationTunnel: ApplicationTunnel?
        /// Where it runs.
        package var locality: Locality?
        /// Whether it shares its host's network.
        package var networkMode = NetworkMode(rawValue: 0)
        /// Data for others.
        package var extensions: [Extension] = []
        /// Its weight among its service's endpoints; none means 1.
        package var capacity: GoogleProtobuf.UInt32Value?

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.name, field)
            case 2: try reader.read(&self.namespace, field)
            case 3: try reader.read(&self.addresses, field)
            case 4: try reader.read(&self.network, field)
            case 5: try reader.read(&self.tunnelProtocol, field)
            case 6: try reader.read(&self.trustDomain, field)
            case 7: try reader.read(&self.serviceAccount, field)
            case 8: try reader.read(&self.waypoint, field)
            case 9: try reader.read(&self.node, field)
            case 10: try reader.read(&self.canonicalName, field)
            case 11: try reader.read(&self.canonicalRevision, field)
            case 12: try reader.read(&self.workloadType, field)
            case 13: try reader.read(&self.workloadName, field)
            case 14: try reader.read(&self.nativeTunnel, field)
            case 16: try reader.read(&self.authorizationPolicies, field)
            case 17: try reader.read(&self.status, field)
            case 18: try reader.read(&self.clusterID, field)
            case 19: try reader.read(&self.networkGateway, field)
            case 20: try reader.read(&self.uid, field)
            case 21: try reader.read(&self.hostname, field)
            case 22: try reader.read(&self.services, field)
            case 23: try reader.read(&self.applicationTunnel, field)
            case 24: try reader.read(&self.locality, field)
            case 25: try reader.read(&self.networkMode, field)
            case 26: try reader.read(&self.extensions, field)
            case 27: try reader.read(&self.capacity, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.name, 1)
            writer.write(self.namespace, 2)
            writer.write(self.addresses, 3)
            writer.write(self.network, 4)
            writer.write(self.tunnelProtocol, 5)
            writer.write(self.trustDomain, 6)
            writer.write(self.serviceAccount, 7)
            writer.write(self.waypoint, 8)
            writer.write(self.node, 9)
            writer.write(self.canonicalName, 10)
            writer.write(self.canonicalRevision, 11)
            writer.write(self.workloadType, 12)
            writer.write(self.workloadName, 13)
            writer.write(self.nativeTunnel, 14)
            writer.write(self.authorizationPolicies, 16)
            writer.write(self.status, 17)
            writer.write(self.clusterID, 18)
            writer.write(self.networkGateway, 19)
            writer.write(self.uid, 20)
            writer.write(self.hostname, 21)
            writer.write(self.services, 22)
            writer.write(self.applicationTunnel, 23)
            writer.write(self.locality, 24)
            writer.write(self.networkMode, 25)
            writer.write(self.extensions, 26)
            writer.write(self.capacity, 27)
        }
    }
}
