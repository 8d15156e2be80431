extension IstioWorkload {
    /// A name and its virtual addresses.
    package struct Service: ProtoMessage {
        /// The service's name.
        package var name = ""
        /// Its namespace.
        package var namespace = ""
        /// Its full host name.
        package var hostname = ""
        /// Its virtual addresses.
        package var addresses: [NetworkAddress] = []
        /// The ports it declares.
        package var ports: [Port] = []
        /// Further identities its endpoints may prove.
        package var subjectAltNames: [String] = []
        /// The waypoint in front of it.
        package var waypoint: GatewayAddress?
        /// How an endpoint is chosen; none means any healthy one.
        package var loadBalancing: LoadBalancing?
        /// The address families its endpoints are reached by.
        package var ipFamilies = IPFamilies(rawValue: 0)
        /// Data for others.
        package var extensions: [Extension] = []
        /// Whether it is the first choice among services of its host name in other namespaces.
        package var isCanonical = false
        /// Whether ingress traffic passes its waypoint.
        package var ingressUsesWaypoint = false
        /// Several waypoints and their shares; more exact than `waypoint`.
        package var weightedWaypoints: [WeightedWaypoint] = []
        /// Who may see it.
        package var visibility = Visibility(rawValue: 0)

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.name, field)
            case 2: try reader.read(&self.namespace, field)
            case 3: try reader.read(&self.hostname, field)
            case 4: try reader.read(&self.addresses, field)
            case 5: try reader.read(&self.ports, field)
            case 6: try reader.read(&self.subjectAltNames, field)
            case 7: try reader.read(&self.waypoint, field)
            case 8: try reader.read(&self.loadBalancing, field)
            case 9: try reader.read(&self.ipFamilies, field)
            case 10: try reader.read(&self.extensions, field)
            case 11: try reader.read(&self.isCanonical, field)
            case 12: try reader.read(&self.ingressUsesWaypoint, field)
            case 13: try reader.read(&self.weightedWaypoints, field)
            case 14: try reader.read(&self.visibility, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.name, 1)
            writer.write(self.namespace, 2)
            writer.write(self.hostname, 3)
            writer.write(self.addresses, 4)
            writer.write(self.ports, 5)
            writer.write(self.subjectAltNames, 6)
            writer.write(self.waypoint, 7)
            writer.write(self.loadBalancing, 8)
            writer.write(self.ipFamilies, 9)
            writer.write(self.extensions, 10)
            writer.write(self.isCanonical, 11)
            writer.write(self.ingressUsesWaypoint, 12)
            writer.write(self.weightedWaypoints, 13)
            writer.write(self.visibility, 14)
        }
    }
}

extension IstioWorkload {
    /// How one of a service's endpoints is chosen.
    package struct LoadBalancing: ProtoMessage {
        /// Which attributes should equal the client's, most important first.
        package var routingPreference: [Scope] = []
        /// What the preference means.
        package var mode = Mode(rawValue: 0)
        /// Whether unhealthy endpoints count.
        package var healthPolicy = HealthPolicy(rawValue: 0)

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.routingPreference, field)
            case 2: try reader.read(&self.mode, field)
            case 3: try reader.read(&self.healthPolicy, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.routingPreference, 1)
            writer.write(self.mode, 2)
            writer.write(self.healthPolicy, 3)
        }
    }
}

extension IstioWorkload.LoadBalancing {
    /// An attribute that client and endpoint may share.
    package struct Scope: ProtoEnum {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// No attribute.
        package static let unspecified = Self(rawValue: 0)
        /// The region.
        package static let region = Self(rawValue: 1)
        /// The zone.
        package static let zone = Self(rawValue: 2)
        /// The part of the zone.
        package static let subzone = Self(rawValue: 3)
        /// The host.
        package static let node = Self(rawValue: 4)
        /// The cluster.
        package static let cluster = Self(rawValue: 5)
        /// The network.
        package static let network = Self(rawValue: 6)
    }
}

extension IstioWorkload.LoadBalancing {
    /// What a routing preference means.
    package struct Mode: ProtoEnum {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// Nothing: every endpoint counts.
        package static let unspecified = Self(rawValue: 0)
        /// Only endpoints that match every scope.
        package static let strict = Self(rawValue: 1)
        /// The endpoints that match most scopes.
        package static let failover = Self(rawValue: 2)
        /// No choice: the original destination is used.
        package static let passthrough = Self(rawValue: 3)
    }
}

extension IstioWorkload.LoadBalancing {
    /// Which endpoints count.
    package struct HealthPolicy: ProtoEnum {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// Healthy ones.
        package static let onlyHealthy = Self(rawValue: 0)
        /// All.
        package static let allowAll = Self(rawValue: 1)
    }
}

extension IstioWorkload {
    /// Address families of a service.
    package struct IPFamilies: ProtoEnum {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// Whatever its endpoints have.
        package static let automatic = Self(rawValue: 0)
        /// IPv4.
        package static let ipv4Only = Self(rawValue: 1)
        /// IPv6.
        package static let ipv6Only = Self(rawValue: 2)
        /// Both.
        package static let dual = Self(rawValue: 3)
    }
}

extension IstioWorkload {
    /// Who may see a service.
    package struct Visibility: ProtoEnum {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// Every namespace.
        package static let everywhere = Self(rawValue: 0)
        /// Its own namespace.
        package static let ownNamespace = Self(rawValue: 1)
    }
}
