// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// How an endpoint is chosen.
    package struct LoadBalancer: ProtoMessage {
        /// Algorithm.
        package var algorithm: TulleL7.LoadBalancer.Algorithm = TulleL7.LoadBalancer.Algorithm(rawValue: 0)
        /// Compared by LEAST_REQUEST; zero for 2.
        package var choices: UInt32 = 0
        /// Hash.
        package var hash: TulleL7.HashKey?
        /// Least entries of a ring; zero for 1024.
        package var ringSize: UInt32 = 0
        /// Entries of Maglev's table; zero for 65537.
        package var tableSize: UInt32 = 0
        /// Slow start.
        package var slowStart: TulleL7.SlowStart?
        /// Locality.
        package var locality: TulleL7.Locality?

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.algorithm, field)
            case 2: try reader.read(&self.choices, field)
            case 3: try reader.read(&self.hash, field)
            case 4: try reader.read(&self.ringSize, field)
            case 5: try reader.read(&self.tableSize, field)
            case 6: try reader.read(&self.slowStart, field)
            case 7: try reader.read(&self.locality, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.algorithm, 1)
            writer.write(self.choices, 2)
            writer.write(self.hash, 3)
            writer.write(self.ringSize, 4)
            writer.write(self.tableSize, 5)
            writer.write(self.slowStart, 6)
            writer.write(self.locality, 7)
        }
    }
}

extension TulleL7.LoadBalancer {
    /// The algorithms.
    package struct Algorithm: ProtoEnum {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// `LEAST_REQUEST`.
        package static let leastRequest = Self(rawValue: 0)
        /// `ROUND_ROBIN`.
        package static let roundRobin = Self(rawValue: 1)
        /// `RANDOM`.
        package static let random = Self(rawValue: 2)
        /// `RING_HASH`.
        package static let ringHash = Self(rawValue: 3)
        /// `MAGLEV`.
        package static let maglev = Self(rawValue: 4)
    }
}
