// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// Failures made on purpose.
    package struct Fault: ProtoMessage {
        /// Delay fraction.
        package var delayFraction: UInt32 = 0
        /// Delay ms.
        package var delayMilliseconds: UInt32 = 0
        /// Abort fraction.
        package var abortFraction: UInt32 = 0
        /// One of the two.
        package var httpStatus: UInt32 = 0
        /// One more than gRPC's status.
        package var grpcStatusPlusOne: UInt32 = 0

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.delayFraction, field)
            case 2: try reader.read(&self.delayMilliseconds, field)
            case 3: try reader.read(&self.abortFraction, field)
            case 4: try reader.read(&self.httpStatus, field)
            case 5: try reader.read(&self.grpcStatusPlusOne, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.delayFraction, 1)
            writer.write(self.delayMilliseconds, 2)
            writer.write(self.abortFraction, 3)
            writer.write(self.httpStatus, 4)
            writer.write(self.grpcStatusPlusOne, 5)
        }
    }
}
