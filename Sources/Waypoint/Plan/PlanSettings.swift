import HTTPRouting
import MeshProtos

/// What holds for a waypoint as a whole, from `tulle.l7.v1.WaypointSettings`.
struct PlanSettings: Sendable {
    /// How paths become one form.
    var paths = PathNormalization()
    /// What policies need to know.
    var authorization = AuthorizationSettings(trustDomains: [])
    /// How long the first bytes of a connection on a port of unknown protocol are waited for; 0 for ever.
    var detectionMilliseconds: UInt64 = 3_000
    /// How long what is open may go on after SIGTERM; nil where the mesh says nothing.
    var drainMilliseconds: UInt64?
    /// Whether requests get the client's identity in `x-forwarded-client-cert`.
    var tellsIdentity = false
    /// Whether HTTP/1.0 is served.
    var allowsHTTP10 = false
    var servesServices = true
    var servesWorkloads = false
    /// Who can be asked about requests.
    var authorizers: [String: AuthorizerTarget] = [:]
    /// Where access logs go.
    var logs: [TulleL7.LogProvider] = []
    /// Where spans go.
    var traces: [TulleL7.TraceProvider] = []

    /// Nothing was said.
    init() {}
}
