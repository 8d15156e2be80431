// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

/// Messages of package `tulle.l7.v1`: what waypoints are told beside workloads and services.
package enum TulleL7 {
    /// The type URL of ``ServiceRoutes``.
    package static let serviceRoutesTypeURL = "type.googleapis.com/tulle.l7.v1.ServiceRoutes"
    /// The type URL of ``WaypointSettings``.
    package static let waypointSettingsTypeURL = "type.googleapis.com/tulle.l7.v1.WaypointSettings"
    /// The type URL of ``WorkloadLabels``.
    package static let workloadLabelsTypeURL = "type.googleapis.com/tulle.l7.v1.WorkloadLabels"
}
