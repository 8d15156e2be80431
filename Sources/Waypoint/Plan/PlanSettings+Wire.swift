import HTTPRouting
import MeshProtos

extension PlanSettings {
    /// Reads a waypoint's settings.
    init(_ wire: TulleL7.WaypointSettings) throws(PlanError) {
        self.init()
        guard let paths = PathNormalization(wire) else {
            throw PlanError("paths \(wire.paths.rawValue), parameters \(wire.parameters.rawValue): not known")
        }
        self.paths = paths
        self.authorization = AuthorizationSettings(
            trustDomains: wire.trustDomains,
            trustedProxies: Int(min(wire.trustedProxies, 100)),
            authorizers: Set(wire.authorizers.map(\.name))
        )
        if wire.detectionTimeoutMilliseconds > 0 {
            self.detectionMilliseconds = UInt64(wire.detectionTimeoutMilliseconds)
        }
        if wire.drainMilliseconds > 0 { self.drainMilliseconds = UInt64(wire.drainMilliseconds) }
        self.tellsIdentity = wire.tellsIdentity
        self.allowsHTTP10 = wire.http10
        self.servesServices = wire.servesServices
        self.servesWorkloads = wire.servesWorkloads
        self.logs = wire.logs
        self.traces = wire.traces
    }
}
