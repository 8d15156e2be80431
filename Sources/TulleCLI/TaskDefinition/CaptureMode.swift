/// How a task's connections get into its ztunnel.
package enum CaptureMode: String, Sendable, Hashable, CaseIterable {
    /// ECS itself redirects TCP by the task definition's `proxyConfiguration`; needs no capability in any container.
    case appmesh
    /// The containers get proxy environment variables, and dial out through ztunnel's SOCKS5 and CONNECT port.
    case socks
}
