// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// Preferences by place.
    package struct Locality: ProtoMessage {
        /// Mode.
        package var mode: TulleL7.Locality.Mode = TulleL7.Locality.Mode(rawValue: 0)
        /// Distribute.
        package var distribute: [TulleL7.Locality.Distribute] = []
        /// Failover.
        package var failover: [TulleL7.Locality.Failover] = []
        /// Labels, in order, each with or without `=value`.
        package var priority: [String] = []
        /// A priority with fewer healthy endpoints in a hundred uses all of them.
        package var panicPercent: UInt32 = 0

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.mode, field)
            case 2: try reader.read(&self.distribute, field)
            case 3: try reader.read(&self.failover, field)
            case 4: try reader.read(&self.priority, field)
            case 5: try reader.read(&self.panicPercent, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.mode, 1)
            writer.write(self.distribute, 2)
            writer.write(self.failover, 3)
            writer.write(self.priority, 4)
            writer.write(self.panicPercent, 5)
        }
    }
}

extension TulleL7.Locality {
    /// The modes.
    package struct Mode: ProtoEnum {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// All the same.
        package static let none = Self(rawValue: 0)
        /// Subzone, zone, region, others.
        package static let failover = Self(rawValue: 1)
        /// Shares by place.
        package static let distribute = Self(rawValue: 2)
        /// By labels.
        package static let priority = Self(rawValue: 3)
    }
}

extension TulleL7.Locality {
    /// Shares for clients of one place: `region/zone/*`.
    package struct Distribute: ProtoMessage {
        /// From.
        package var from: String = ""
        /// To.
        package var to: [TulleL7.Locality.Share] = []

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.from, field)
            case 2: try reader.read(&self.to, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.from, 1)
            writer.write(self.to, 2)
        }
    }
}

extension TulleL7.Locality {
    /// A place and its percent.
    package struct Share: ProtoMessage {
        /// Place.
        package var place: String = ""
        /// Percent.
        package var percent: UInt32 = 0

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.place, field)
            case 2: try reader.read(&self.percent, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.place, 1)
            writer.write(self.percent, 2)
        }
    }
}

extension TulleL7.Locality {
    /// Where a region's traffic goes when it fails.
    package struct Failover: ProtoMessage {
        /// From.
        package var from: String = ""
        /// To.
        package var to: String = ""

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.from, field)
            case 2: try reader.read(&self.to, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.from, 1)
            writer.write(self.to, 2)
        }
    }
}
