// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// Everything about one service, so that its routes, destinations and policies change at one moment.
    /// Name of the resource: `<namespace>/<hostname>`.
    package struct ServiceRoutes: ProtoMessage {
        /// The service's namespace and host name.
        package var namespace: String = ""
        /// Hostname.
        package var hostname: String = ""
        /// By the service's ports, those that have routes.
        package var ports: [TulleL7.PortRoutes] = []
        /// The destinations that routes name. The service itself, for ports without routes, is among them by its port.
        package var clusters: [TulleL7.Cluster] = []
        /// Who may ask for what.
        package var security: TulleL7.Security?
        /// What is reported.
        package var telemetry: TulleL7.Telemetry?
        /// Limits on requests.
        package var rateLimits: [TulleL7.RateLimit] = []
        /// The keys of its sessions, where any are kept: 32 bytes each, the same for all waypoints in front of the service and
        /// for nobody else. The first one seals; all of them open.
        package var sessionKeys: [[UInt8]] = []

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.namespace, field)
            case 2: try reader.read(&self.hostname, field)
            case 3: try reader.read(&self.ports, field)
            case 4: try reader.read(&self.clusters, field)
            case 5: try reader.read(&self.security, field)
            case 6: try reader.read(&self.telemetry, field)
            case 7: try reader.read(&self.rateLimits, field)
            case 10: try reader.read(&self.sessionKeys, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.namespace, 1)
            writer.write(self.hostname, 2)
            writer.write(self.ports, 3)
            writer.write(self.clusters, 4)
            writer.write(self.security, 5)
            writer.write(self.telemetry, 6)
            writer.write(self.rateLimits, 7)
            writer.write(self.sessionKeys, 10)
        }
    }
}
