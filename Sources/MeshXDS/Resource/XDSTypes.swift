import MeshProtos

/// The types of resource that data planes follow, and their order.
package enum XDSTypes {
    /// Policies.
    package static let authorization = IstioSecurity.authorizationTypeURL
    /// Workloads and services.
    package static let address = IstioWorkload.addressTypeURL
    /// In the order they are sent: a workload must not arrive before the policies it lists.
    package static let inOrder = [Self.authorization, Self.address]
    /// What holds for a waypoint as a whole.
    package static let waypointSettings = TulleL7.waypointSettingsTypeURL
    /// What a waypoint does with the services that are bound to it.
    package static let serviceRoutes = TulleL7.serviceRoutesTypeURL
    /// The same with what waypoints alone follow: an address must not lead to a waypoint before that knows what to do.
    package static let waypointInOrder = [Self.waypointSettings, Self.serviceRoutes] + Self.inOrder

    /// Under which type a server keeps resources that belong to one client, so that others find none.
    package static func owned(_ typeURL: String, by owner: String) -> String { "\(typeURL)#\(owner)" }
}
