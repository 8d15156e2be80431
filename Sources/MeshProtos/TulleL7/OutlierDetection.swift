// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// Ejects endpoints that fail.
    package struct OutlierDetection: ProtoMessage {
        /// In a row; zero never.
        package var consecutive5xx: UInt32 = 0
        /// Consecutive gateway.
        package var consecutiveGateway: UInt32 = 0
        /// Consecutive local.
        package var consecutiveLocal: UInt32 = 0
        /// Splits local.
        package var splitsLocal: Bool = false
        /// Zero for ten seconds.
        package var intervalMilliseconds: UInt32 = 0
        /// Zero for thirty seconds.
        package var baseEjectionMilliseconds: UInt32 = 0
        /// Max ejection percent.
        package var maxEjectionPercent: UInt32 = 0
        /// Min health percent.
        package var minHealthPercent: UInt32 = 0
        /// Codes that count instead of all of 5xx.
        package var codes: [UInt32] = []

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.consecutive5xx, field)
            case 2: try reader.read(&self.consecutiveGateway, field)
            case 3: try reader.read(&self.consecutiveLocal, field)
            case 4: try reader.read(&self.splitsLocal, field)
            case 5: try reader.read(&self.intervalMilliseconds, field)
            case 6: try reader.read(&self.baseEjectionMilliseconds, field)
            case 7: try reader.read(&self.maxEjectionPercent, field)
            case 8: try reader.read(&self.minHealthPercent, field)
            case 9: try reader.read(&self.codes, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.consecutive5xx, 1)
            writer.write(self.consecutiveGateway, 2)
            writer.write(self.consecutiveLocal, 3)
            writer.write(self.splitsLocal, 4)
            writer.write(self.intervalMilliseconds, 5)
            writer.write(self.baseEjectionMilliseconds, 6)
            writer.write(self.maxEjectionPercent, 7)
            writer.write(self.minHealthPercent, 8)
            writer.write(self.codes, 9)
        }
    }
}
