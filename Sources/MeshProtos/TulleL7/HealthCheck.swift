// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// Asks endpoints whether they are well.
    package struct HealthCheck: ProtoMessage {
        /// Kind.
        package var kind: TulleL7.HealthCheck.Kind = TulleL7.HealthCheck.Kind(rawValue: 0)
        /// Path.
        package var path: String = ""
        /// Host.
        package var host: String = ""
        /// gRPC's name of the service.
        package var service: String = ""
        /// Expected statuses.
        package var expectedStatuses: [UInt32] = []
        /// Interval ms.
        package var intervalMilliseconds: UInt32 = 0
        /// Timeout ms.
        package var timeoutMilliseconds: UInt32 = 0
        /// Unhealthy threshold.
        package var unhealthyThreshold: UInt32 = 0
        /// Healthy threshold.
        package var healthyThreshold: UInt32 = 0
        /// Port.
        package var port: UInt32 = 0

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.kind, field)
            case 2: try reader.read(&self.path, field)
            case 3: try reader.read(&self.host, field)
            case 4: try reader.read(&self.service, field)
            case 5: try reader.read(&self.expectedStatuses, field)
            case 6: try reader.read(&self.intervalMilliseconds, field)
            case 7: try reader.read(&self.timeoutMilliseconds, field)
            case 8: try reader.read(&self.unhealthyThreshold, field)
            case 9: try reader.read(&self.healthyThreshold, field)
            case 10: try reader.read(&self.port, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.kind, 1)
            writer.write(self.path, 2)
            writer.write(self.host, 3)
            writer.write(self.service, 4)
            writer.write(self.expectedStatuses, 5)
            writer.write(self.intervalMilliseconds, 6)
            writer.write(self.timeoutMilliseconds, 7)
            writer.write(self.unhealthyThreshold, 8)
            writer.write(self.healthyThreshold, 9)
            writer.write(self.port, 10)
        }
    }
}

extension TulleL7.HealthCheck {
    /// The kinds.
    package struct Kind: ProtoEnum {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// `TCP`.
        package static let tcp = Self(rawValue: 0)
        /// `HTTP`.
        package static let http = Self(rawValue: 1)
        /// `GRPC`.
        package static let grpc = Self(rawValue: 2)
    }
}
