import MeshProtos

/// The types of resource that data planes follow, and their order.
package enum XDSTypes {
    /// Policies.
    package static let authorization = IstioSecurity.authorizationTypeURL
    /// Workloads and services.
    package static let address = IstioWorkload.addressTypeURL
    /// In the order they are sent: a workload must not arrive before the policies it lists.
    package static let inOrder = [Self.authorization, Self.address]
}
