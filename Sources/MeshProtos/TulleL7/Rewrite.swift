// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// What the destination sees instead.
    package struct Rewrite: ProtoMessage {
        /// Path.
        package var path: TulleL7.PathChange?
        /// Empty keeps it.
        package var authority: String = ""

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.path, field)
            case 2: try reader.read(&self.authority, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.path, 1)
            writer.write(self.authority, 2)
        }
    }
}
