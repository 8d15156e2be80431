/// Numbers that a task definition and the ztunnel in it must agree on.
package enum ZTunnelPorts {
    /// The container's name in every task definition.
    package static let containerName = "ztunnel"
    /// The user that ztunnel runs as; unusual on purpose, because the redirect exempts it.
    package static let uid = "15301"
    /// Captured outbound connections.
    package static let outbound = 15001
    /// Captured inbound connections that are not tunnelled.
    package static let inbound = 15006
    /// Tunnels from other ztunnels (HBONE).
    package static let tunnel = 15008
    /// SOCKS5 and HTTP CONNECT, on loopback.
    package static let proxy = 15080
    /// All ports that ztunnel listens on inside the task: the ones above, admin, metrics and readiness.
    package static let all: Set<Int> = [15000, outbound, inbound, tunnel, 15020, 15021, proxy]
    /// Stands in `AppPorts` when no container has a port, because ECS insists on one.
    package static let noAppPort = 15399
    /// ECS's redirect takes no more than this many app ports.
    package static let mostAppPorts = 15
    /// Addresses of the task's own metadata and credentials, which no capture may take.
    package static let linkLocal = "169.254.170.2,169.254.169.254"
}
