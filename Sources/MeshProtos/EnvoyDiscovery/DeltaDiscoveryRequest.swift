/// Messages of package `envoy.service.discovery.v3` and the few of `envoy.config.core.v3` that they need.
package enum EnvoyDiscovery {
    /// The path of the delta stream's gRPC method.
    package static let deltaAggregatedResourcesPath =
        "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"
}

extension EnvoyDiscovery {
    /// What an xDS client says: a subscription, an ACK or a NACK.
    package struct DeltaDiscoveryRequest: ProtoMessage {
        /// Who asks; in the first request of a stream.
        package var node: Node?
        /// The type it speaks of.
        package var typeURL = ""
        /// Names to add; `*` is all of them.
        package var resourceNamesSubscribe: [String] = []
        /// Names to drop.
        package var resourceNamesUnsubscribe: [String] = []
        /// What the client still holds from an earlier stream: name to version.
        package var initialResourceVersions: [String: String] = [:]
        /// The response this answers; "" for none.
        package var responseNonce = ""
        /// Why that response was not fully accepted.
        package var errorDetail: GoogleRPCStatus?

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.node, field)
            case 2: try reader.read(&self.typeURL, field)
            case 3: try reader.read(&self.resourceNamesSubscribe, field)
            case 4: try reader.read(&self.resourceNamesUnsubscribe, field)
            case 5: try reader.read(&self.initialResourceVersions, field)
            case 6: try reader.read(&self.responseNonce, field)
            case 7: try reader.read(&self.errorDetail, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.node, 1)
            writer.write(self.typeURL, 2)
            writer.write(self.resourceNamesSubscribe, 3)
            writer.write(self.resourceNamesUnsubscribe, 4)
            writer.write(self.initialResourceVersions, 5)
            writer.write(self.responseNonce, 6)
            writer.write(self.errorDetail, 7)
        }
    }
}

extension EnvoyDiscovery {
    /// Who an xDS client is.
    package struct Node: ProtoMessage {
        /// Its id.
        package var id = ""
        /// Its cluster.
        package var cluster = ""
        /// Facts about it.
        package var metadata: GoogleProtobuf.Struct?
        /// Where it runs.
        package var locality: Locality?
        /// The program's name.
        package var userAgentName = ""

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.id, field)
            case 2: try reader.read(&self.cluster, field)
            case 3: try reader.read(&self.metadata, field)
            case 4: try reader.read(&self.locality, field)
            case 6: try reader.read(&self.userAgentName, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.id, 1)
            writer.write(self.cluster, 2)
            writer.write(self.metadata, 3)
            writer.write(self.locality, 4)
            writer.write(self.userAgentName, 6)
        }
    }
}

extension EnvoyDiscovery {
    /// Where an xDS client runs.
    package struct Locality: ProtoMessage {
        /// The region.
        package var region = ""
        /// The zone.
        package var zone = ""
        /// The part of the zone.
        package var subZone = ""

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.region, field)
            case 2: try reader.read(&self.zone, field)
            case 3: try reader.read(&self.subZone, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.region, 1)
            writer.write(self.zone, 2)
            writer.write(self.subZone, 3)
        }
    }
}
