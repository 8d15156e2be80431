// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// One set of conditions and what follows.
    package struct RouteEntry: ProtoMessage {
        /// All must hold; none written means always.
        package var match: TulleL7.RouteMatch?
        /// The place in `PortRoutes.actions`.
        package var action: UInt32 = 0

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.match, field)
            case 2: try reader.read(&self.action, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.match, 1)
            writer.write(self.action, 2)
        }
    }
}
