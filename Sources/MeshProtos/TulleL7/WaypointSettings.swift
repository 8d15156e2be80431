// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// What holds for a waypoint as a whole. Name of the resource: `<namespace>/<name>`.
    package struct WaypointSettings: ProtoMessage {
        /// Namespace.
        package var namespace: String = ""
        /// Name.
        package var name: String = ""
        /// Paths.
        package var paths: TulleL7.WaypointSettings.PathRule = TulleL7.WaypointSettings.PathRule(rawValue: 0)
        /// The mesh's trust domain, then its aliases.
        package var trustDomains: [String] = []
        /// Authorizers.
        package var authorizers: [TulleL7.Authorizer] = []
        /// Logs.
        package var logs: [TulleL7.LogProvider] = []
        /// Traces.
        package var traces: [TulleL7.TraceProvider] = []
        /// For connections to workloads that are bound to it, by address.
        package var workloadSecurity: TulleL7.Security?
        /// Workload telemetry.
        package var workloadTelemetry: TulleL7.Telemetry?
        /// Requests get `x-forwarded-client-cert` with the client's identity.
        package var tellsIdentity: Bool = false
        /// Detection timeout ms.
        package var detectionTimeoutMilliseconds: UInt32 = 0
        /// How long what is open may go on after SIGTERM; 0 for the waypoint's own default.
        package var drainMilliseconds: UInt32 = 0
        /// How many proxies in front of clients are trusted in `x-forwarded-for`.
        package var trustedProxies: UInt32 = 0
        /// Requests in HTTP/1.0 are taken.
        package var http10: Bool = false
        /// Parameters.
        package var parameters: TulleL7.WaypointSettings.ParameterRule = TulleL7.WaypointSettings.ParameterRule(
            rawValue: 0
        )
        /// `service`, `workload` or both.
        package var servesServices: Bool = false
        /// Serves workloads.
        package var servesWorkloads: Bool = false

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.namespace, field)
            case 2: try reader.read(&self.name, field)
            case 3: try reader.read(&self.paths, field)
            case 4: try reader.read(&self.trustDomains, field)
            case 5: try reader.read(&self.authorizers, field)
            case 6: try reader.read(&self.logs, field)
            case 7: try reader.read(&self.traces, field)
            case 8: try reader.read(&self.workloadSecurity, field)
            case 9: try reader.read(&self.workloadTelemetry, field)
            case 10: try reader.read(&self.tellsIdentity, field)
            case 11: try reader.read(&self.detectionTimeoutMilliseconds, field)
            case 12: try reader.read(&self.drainMilliseconds, field)
            case 13: try reader.read(&self.trustedProxies, field)
            case 14: try reader.read(&self.http10, field)
            case 15: try reader.read(&self.parameters, field)
            case 16: try reader.read(&self.servesServices, field)
            case 17: try reader.read(&self.servesWorkloads, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.namespace, 1)
            writer.write(self.name, 2)
            writer.write(self.paths, 3)
            writer.write(self.trustDomains, 4)
            writer.write(self.authorizers, 5)
            writer.write(self.logs, 6)
            writer.write(self.traces, 7)
            writer.write(self.workloadSecurity, 8)
            writer.write(self.workloadTelemetry, 9)
            writer.write(self.tellsIdentity, 10)
            writer.write(self.detectionTimeoutMilliseconds, 11)
            writer.write(self.drainMilliseconds, 12)
            writer.write(self.trustedProxies, 13)
            writer.write(self.http10, 14)
            writer.write(self.parameters, 15)
            writer.write(self.servesServices, 16)
            writer.write(self.servesWorkloads, 17)
        }
    }
}

extension TulleL7.WaypointSettings {
    /// How paths are made one before anything looks at them.
    package struct PathRule: ProtoEnum {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// `BASE`.
        package static let base = Self(rawValue: 0)
        /// `NONE`.
        package static let none = Self(rawValue: 1)
        /// `MERGE_SLASHES`.
        package static let mergeSlashes = Self(rawValue: 2)
        /// `DECODE_AND_MERGE_SLASHES`.
        package static let decodeAndMergeSlashes = Self(rawValue: 3)
    }
}

extension TulleL7.WaypointSettings {
    /// What becomes of path parameters (`;`).
    package struct ParameterRule: ProtoEnum {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// `KEEP`.
        package static let keep = Self(rawValue: 0)
        /// `STRIP`.
        package static let strip = Self(rawValue: 1)
        /// `REJECT`.
        package static let reject = Self(rawValue: 2)
    }
}
