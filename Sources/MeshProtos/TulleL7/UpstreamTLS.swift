// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// TLS that the waypoint begins with the application.
    package struct UpstreamTLS: ProtoMessage {
        /// SNI; empty for none.
        package var serverName: String = ""
        /// The certificate must have one of these names: a URI, an IP address or a DNS name. None means `server_name`.
        package var subjectAltNames: [String] = []
        /// PEM; empty for the system's.
        package var authorities: String = ""
        /// PEM, for MUTUAL.
        package var certificate: String = ""
        /// Private key.
        package var privateKey: String = ""
        /// Nobody is checked.
        package var insecure: Bool = false
        /// What it names can't be had: every connection fails.
        package var unresolved: Bool = false
        /// Paths of files at the waypoint in place of `authorities`, `certificate` and `private_key`.
        package var authoritiesPath: String = ""
        /// Certificate path.
        package var certificatePath: String = ""
        /// Private key path.
        package var privateKeyPath: String = ""

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.serverName, field)
            case 2: try reader.read(&self.subjectAltNames, field)
            case 3: try reader.read(&self.authorities, field)
            case 4: try reader.read(&self.certificate, field)
            case 5: try reader.read(&self.privateKey, field)
            case 6: try reader.read(&self.insecure, field)
            case 7: try reader.read(&self.unresolved, field)
            case 8: try reader.read(&self.authoritiesPath, field)
            case 9: try reader.read(&self.certificatePath, field)
            case 10: try reader.read(&self.privateKeyPath, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.serverName, 1)
            writer.write(self.subjectAltNames, 2)
            writer.write(self.authorities, 3)
            writer.write(self.certificate, 4)
            writer.write(self.privateKey, 5)
            writer.write(self.insecure, 6)
            writer.write(self.unresolved, 7)
            writer.write(self.authoritiesPath, 8)
            writer.write(self.certificatePath, 9)
            writer.write(self.privateKeyPath, 10)
        }
    }
}
