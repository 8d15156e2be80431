extension IstioSecurity {
    /// Each list that is not empty must hold; a match whose lists are all empty never matches.
    package struct Match: ProtoMessage {
        /// Namespaces of the peer. One must match.
        package var namespaces: [StringMatch] = []
        /// Namespaces of the peer. None may match.
        package var notNamespaces: [StringMatch] = []
        /// Identities of the peer, without `spiffe://`. One must match.
        package var principals: [StringMatch] = []
        /// Identities of the peer, without `spiffe://`. None may match.
        package var notPrincipals: [StringMatch] = []
        /// Addresses of the peer. One must match.
        package var sourceIPs: [Address] = []
        /// Addresses of the peer. None may match.
        package var notSourceIPs: [Address] = []
        /// Addresses of the destination. One must match.
        package var destinationIPs: [Address] = []
        /// Addresses of the destination. None may match.
        package var notDestinationIPs: [Address] = []
        /// Ports of the destination. One must match.
        package var destinationPorts: [UInt32] = []
        /// Ports of the destination. None may match.
        package var notDestinationPorts: [UInt32] = []
        /// Service accounts of the peer, in any trust domain. One must match.
        package var serviceAccounts: [ServiceAccountMatch] = []
        /// Service accounts of the peer, in any trust domain. None may match.
        package var notServiceAccounts: [ServiceAccountMatch] = []
        /// Data for others.
        package var extensions: [Extension] = []

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.namespaces, field)
            case 2: try reader.read(&self.notNamespaces, field)
            case 3: try reader.read(&self.principals, field)
            case 4: try reader.read(&self.notPrincipals, field)
            case 5: try reader.read(&self.sourceIPs, field)
            case 6: try reader.read(&self.notSourceIPs, field)
            case 7: try reader.read(&self.destinationIPs, field)
            case 8: try reader.read(&self.notDestinationIPs, field)
            case 9: try reader.read(&self.destinationPorts, field)
            case 10: try reader.read(&self.notDestinationPorts, field)
            case 11: try reader.read(&self.serviceAccounts, field)
            case 12: try reader.read(&self.notServiceAccounts, field)
            case 13: try reader.read(&self.extensions, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.namespaces, 1)
            writer.write(self.notNamespaces, 2)
            writer.write(self.principals, 3)
            writer.write(self.notPrincipals, 4)
            writer.write(self.sourceIPs, 5)
            writer.write(self.notSourceIPs, 6)
            writer.write(self.destinationIPs, 7)
            writer.write(self.notDestinationIPs, 8)
            writer.write(self.destinationPorts, 9)
            writer.write(self.notDestinationPorts, 10)
            writer.write(self.serviceAccounts, 11)
            writer.write(self.notServiceAccounts, 12)
            writer.write(self.extensions, 13)
        }
    }
}

extension IstioSecurity {
    /// A range of IP addresses.
    package struct Address: ProtoMessage {
        /// 4 or 16 bytes.
        package var address: [UInt8] = []
        /// The length of the prefix in bits.
        package var length: UInt32 = 0

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.address, field)
            case 2: try reader.read(&self.length, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.address, 1)
            writer.write(self.length, 2)
        }
    }
}

extension IstioSecurity {
    /// A test of a string.
    package struct StringMatch: ProtoMessage {
        /// The tests.
        package enum Kind: Hashable, Sendable {
            /// Equal.
            case exact(String)
            /// Begins with.
            case prefix(String)
            /// Ends with.
            case suffix(String)
            /// Not empty.
            case presence
        }

        /// Which test; nil when the sender knows a further one.
        package var kind: Kind?

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1:
                var value = ""
                try reader.read(&value, field)
                if field.wireType == .bytes { self.kind = .exact(value) }
            case 2:
                var value = ""
                try reader.read(&value, field)
                if field.wireType == .bytes { self.kind = .prefix(value) }
            case 3:
                var value = ""
                try reader.read(&value, field)
                if field.wireType == .bytes { self.kind = .suffix(value) }
            case 4:
                try reader.skip(field)
                if field.wireType == .bytes { self.kind = .presence }
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            switch self.kind {
            case .exact(let value): writer.writeAlways(value, 1)
            case .prefix(let value): writer.writeAlways(value, 2)
            case .suffix(let value): writer.writeAlways(value, 3)
            case .presence: writer.writeAlways([UInt8](), 4)
            case nil: break
            }
        }
    }
}

extension IstioSecurity {
    /// A service account of a namespace.
    package struct ServiceAccountMatch: ProtoMessage {
        /// The namespace.
        package var namespace = ""
        /// The service account.
        package var serviceAccount = ""

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.namespace, field)
            case 2: try reader.read(&self.serviceAccount, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.namespace, 1)
            writer.write(self.serviceAccount, 2)
        }
    }
}

extension IstioSecurity {
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
