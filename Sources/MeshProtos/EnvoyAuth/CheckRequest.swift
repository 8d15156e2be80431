/// `envoy.service.auth.v3` and what it embeds: how a proxy asks an authorizer.
package enum EnvoyAuth {}

extension EnvoyAuth {
    /// Asks whether a request may pass.
    package struct CheckRequest: ProtoMessage {
        /// What is known of it.
        package var attributes: AttributeContext?

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.attributes, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.attributes, 1)
        }
    }

    /// What is known of a request.
    package struct AttributeContext: ProtoMessage {
        /// Who sends it.
        package var source: Peer?
        /// Who gets it.
        package var destination: Peer?
        /// The request.
        package var request: Request?
        /// What the settings add.
        package var contextExtensions: [String: String] = [:]
        /// The TLS session that is passed through.
        package var tlsSession: TLSSession?

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.source, field)
            case 2: try reader.read(&self.destination, field)
            case 4: try reader.read(&self.request, field)
            case 10: try reader.read(&self.contextExtensions, field)
            case 12: try reader.read(&self.tlsSession, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.source, 1)
            writer.write(self.destination, 2)
            writer.write(self.request, 4)
            writer.write(self.contextExtensions, 10)
            writer.write(self.tlsSession, 12)
        }
    }

    /// One end of the connection.
    package struct Peer: ProtoMessage {
        /// Where it is.
        package var address: Address?
        /// The service it belongs to.
        package var service: String = ""
        /// Its labels.
        package var labels: [String: String] = [:]
        /// Its identity, as a URI.
        package var principal: String = ""

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.address, field)
            case 2: try reader.read(&self.service, field)
            case 3: try reader.read(&self.labels, field)
            case 4: try reader.read(&self.principal, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.address, 1)
            writer.write(self.service, 2)
            writer.write(self.labels, 3)
            writer.write(self.principal, 4)
        }
    }

    /// A TLS session.
    package struct TLSSession: ProtoMessage {
        /// The server name that was asked for.
        package var sni: String = ""

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.sni, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.sni, 1)
        }
    }
}
