// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// New endpoints get little at first.
    package struct SlowStart: ProtoMessage {
        /// Window ms.
        package var windowMilliseconds: UInt32 = 0
        /// Percent; zero for 10.
        package var minimumPercent: UInt32 = 0
        /// Thousandths; zero for 1000.
        package var aggression: UInt32 = 0

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.windowMilliseconds, field)
            case 2: try reader.read(&self.minimumPercent, field)
            case 3: try reader.read(&self.aggression, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.windowMilliseconds, 1)
            writer.write(self.minimumPercent, 2)
            writer.write(self.aggression, 3)
        }
    }
}
