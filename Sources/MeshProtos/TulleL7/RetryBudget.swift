// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// How many retries there may be beside requests.
    package struct RetryBudget: ProtoMessage {
        /// Percent of the requests under way.
        package var percent: UInt32 = 0
        /// Min concurrency.
        package var minConcurrency: UInt32 = 0
        /// Count over a time instead of at one moment.
        package var intervalMilliseconds: UInt32 = 0
        /// Retries a second that are always allowed.
        package var minPerSecond: UInt32 = 0

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.percent, field)
            case 2: try reader.read(&self.minConcurrency, field)
            case 3: try reader.read(&self.intervalMilliseconds, field)
            case 4: try reader.read(&self.minPerSecond, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.percent, 1)
            writer.write(self.minConcurrency, 2)
            writer.write(self.intervalMilliseconds, 3)
            writer.write(self.minPerSecond, 4)
        }
    }
}
