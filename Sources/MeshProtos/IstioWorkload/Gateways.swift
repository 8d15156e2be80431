extension IstioWorkload {
    /// An IP address, or a range of them, in a network.
    package struct NetworkAddress: ProtoMessage {
        /// The network; "" is the default network.
        package var network = ""
        /// 4 or 16 bytes.
        package var address: [UInt8] = []
        /// The length of the prefix in bits; none means a single address.
        package var length: UInt32?

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.network, field)
            case 2: try reader.read(&self.address, field)
            case 3: try reader.read(&self.length, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.network, 1)
            writer.write(self.address, 2)
            writer.write(self.length, 3)
        }
    }
}

extension IstioWorkload {
    /// A host name and the namespace it is looked up in.
    package struct NamespacedHostname: ProtoMessage {
        /// The namespace.
        package var namespace = ""
        /// The host name.
        package var hostname = ""

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.namespace, field)
            case 2: try reader.read(&self.hostname, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.namespace, 1)
            writer.write(self.hostname, 2)
        }
    }
}

extension IstioWorkload {
    /// Where a waypoint or a network gateway is found.
    package struct GatewayAddress: ProtoMessage {
        /// The two ways to name a gateway.
        package enum Destination: Hashable, Sendable {
            case hostname(NamespacedHostname)
            case address(NetworkAddress)
        }

        /// By name or by address.
        package var destination: Destination?
        /// The port of its HBONE listener.
        package var hboneMTLSPort: UInt32 = 0

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1:
                var value = NamespacedHostname()
                if case .hostname(let earlier) = self.destination { value = earlier }
                try reader.read(&value, field)
                if field.wireType == .bytes { self.destination = .hostname(value) }
            case 2:
                var value = NetworkAddress()
                if case .address(let earlier) = self.destination { value = earlier }
                try reader.read(&value, field)
                if field.wireType == .bytes { self.destination = .address(value) }
            case 3: try reader.read(&self.hboneMTLSPort, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            switch self.destination {
            case .hostname(let value): writer.writeAlways(value, 1)
            case .address(let value): writer.writeAlways(value, 2)
            case nil: break
            }
            writer.write(self.hboneMTLSPort, 3)
        }
    }
}

extension IstioWorkload {
    /// A waypoint and its share of the connections.
    package struct WeightedWaypoint: ProtoMessage {
        /// The waypoint.
        package var destination: GatewayAddress?
        /// Its share.
        package var weight: UInt32 = 0

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.destination, field)
            case 2: try reader.read(&self.weight, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.destination, 1)
            writer.write(self.weight, 2)
        }
    }
}
