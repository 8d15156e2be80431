// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// The routes of one port of a service, in order of precedence: the first that matches counts.
    package struct PortRoutes: ProtoMessage {
        /// The service's port.
        package var port: UInt32 = 0
        /// HTTP: entries name an action by its place in `actions`.
        package var entries: [TulleL7.RouteEntry] = []
        /// Actions.
        package var actions: [TulleL7.RouteAction] = []
        /// TLS that is passed through, by server name.
        package var tls: [TulleL7.ServerNameRoute] = []
        /// Any bytes.
        package var tcp: [TulleL7.StreamRoute] = []
        /// Whether gRPC routes alone were declared: what matches none is UNIMPLEMENTED.
        package var grpcOnly: Bool = false

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.port, field)
            case 2: try reader.read(&self.entries, field)
            case 3: try reader.read(&self.actions, field)
            case 4: try reader.read(&self.tls, field)
            case 5: try reader.read(&self.tcp, field)
            case 6: try reader.read(&self.grpcOnly, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.port, 1)
            writer.write(self.entries, 2)
            writer.write(self.actions, 3)
            writer.write(self.tls, 4)
            writer.write(self.tcp, 5)
            writer.write(self.grpcOnly, 6)
        }
    }
}
