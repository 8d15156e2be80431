// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// Someone who decides on requests: ext_authz.
    package struct Authorizer: ProtoMessage {
        /// Name.
        package var name: String = ""
        /// Where it is: the cluster's name in `cluster`.
        package var cluster: TulleL7.Cluster?
        /// Grpc.
        package var grpc: Bool = false
        /// Timeout ms.
        package var timeoutMilliseconds: UInt32 = 0
        /// Fails open.
        package var failsOpen: Bool = false
        /// Zero for 403.
        package var statusOnError: UInt32 = 0
        /// Path prefix.
        package var pathPrefix: String = ""
        /// Max body bytes.
        package var maxBodyBytes: UInt32 = 0
        /// Allows partial body.
        package var allowsPartialBody: Bool = false
        /// Packs bytes.
        package var packsBytes: Bool = false
        /// Headers to check.
        package var headersToCheck: [String] = []
        /// Headers to add.
        package var headersToAdd: [TulleL7.Header] = []
        /// Headers upstream on allow.
        package var headersUpstreamOnAllow: [String] = []
        /// Headers downstream on deny.
        package var headersDownstreamOnDeny: [String] = []
        /// Headers downstream on allow.
        package var headersDownstreamOnAllow: [String] = []

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.name, field)
            case 2: try reader.read(&self.cluster, field)
            case 3: try reader.read(&self.grpc, field)
            case 4: try reader.read(&self.timeoutMilliseconds, field)
            case 5: try reader.read(&self.failsOpen, field)
            case 6: try reader.read(&self.statusOnError, field)
            case 7: try reader.read(&self.pathPrefix, field)
            case 8: try reader.read(&self.maxBodyBytes, field)
            case 9: try reader.read(&self.allowsPartialBody, field)
            case 10: try reader.read(&self.packsBytes, field)
            case 11: try reader.read(&self.headersToCheck, field)
            case 12: try reader.read(&self.headersToAdd, field)
            case 13: try reader.read(&self.headersUpstreamOnAllow, field)
            case 14: try reader.read(&self.headersDownstreamOnDeny, field)
            case 15: try reader.read(&self.headersDownstreamOnAllow, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.name, 1)
            writer.write(self.cluster, 2)
            writer.write(self.grpc, 3)
            writer.write(self.timeoutMilliseconds, 4)
            writer.write(self.failsOpen, 5)
            writer.write(self.statusOnError, 6)
            writer.write(self.pathPrefix, 7)
            writer.write(self.maxBodyBytes, 8)
            writer.write(self.allowsPartialBody, 9)
            writer.write(self.packsBytes, 10)
            writer.write(self.headersToCheck, 11)
            writer.write(self.headersToAdd, 12)
            writer.write(self.headersUpstreamOnAllow, 13)
            writer.write(self.headersDownstreamOnDeny, 14)
            writer.write(self.headersDownstreamOnAllow, 15)
        }
    }
}
