extension IstioWorkload {
    /// A workload's ports for one service.
    package struct PortList: ProtoMessage {
        /// The ports.
        package var ports: [Port] = []

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.ports, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.ports, 1)
        }
    }
}

extension IstioWorkload {
    /// A service port and where it leads.
    package struct Port: ProtoMessage {
        /// The port clients use.
        package var servicePort: UInt32 = 0
        /// The port the workload listens on; 0 in a service whose target is a port name.
        package var targetPort: UInt32 = 0
        /// What is spoken on it.
        package var appProtocol = AppProtocol(rawValue: 0)

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.servicePort, field)
            case 2: try reader.read(&self.targetPort, field)
            case 3: try reader.read(&self.appProtocol, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.servicePort, 1)
            writer.write(self.targetPort, 2)
            writer.write(self.appProtocol, 3)
        }
    }
}

extension IstioWorkload {
    /// The application protocol of a port.
    package struct AppProtocol: ProtoEnum {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// Not said.
        package static let unknown = Self(rawValue: 0)
        /// HTTP/1.1.
        package static let http11 = Self(rawValue: 1)
        /// HTTP/2.
        package static let http2 = Self(rawValue: 2)
        /// gRPC.
        package static let grpc = Self(rawValue: 3)
        /// Bytes.
        package static let tcp = Self(rawValue: 4)
        /// TLS of the application's own.
        package static let tls = Self(rawValue: 5)
    }
}

extension IstioWorkload {
    /// How an application that is itself a proxy wants to be told the original destination.
    package struct ApplicationTunnel: ProtoMessage {
        /// The protocol.
        package var proto = Proto(rawValue: 0)
        /// The port it listens on; 0 keeps the port.
        package var port: UInt32 = 0

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.proto, field)
            case 2: try reader.read(&self.port, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.proto, 1)
            writer.write(self.port, 2)
        }
    }
}

extension IstioWorkload.ApplicationTunnel {
    /// The protocol in front of the bytes.
    package struct Proto: ProtoEnum {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// None.
        package static let none = Self(rawValue: 0)
        /// The PROXY protocol, version 2.
        package static let proxy = Self(rawValue: 1)
    }
}

extension IstioWorkload {
    /// Where a workload runs.
    package struct Locality: ProtoMessage {
        /// The region.
        package var region = ""
        /// The zone.
        package var zone = ""
        /// The part of the zone.
        package var subzone = ""

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.region, field)
            case 2: try reader.read(&self.zone, field)
            case 3: try reader.read(&self.subzone, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.region, 1)
            writer.write(self.zone, 2)
            writer.write(self.subzone, 3)
        }
    }
}

extension IstioWorkload {
    /// Data for somebody else, passed on as it is.
    package struct Extension: ProtoMessage {
        /// Whose.
        package var name = ""
        /// What.
        package var config: GoogleProtobuf.AnyMessage?

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.name, field)
            case 2: try reader.read(&self.config, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.name, 1)
            writer.write(self.config, 2)
        }
    }
}
