/// The ports of a data plane, which are Istio's. A waypoint has no captured ones.
package enum MeshPorts {
    /// Outbound connections that were redirected.
    package static let outbound: UInt16 = 15_001
    /// Inbound plain connections that were redirected.
    package static let inboundPlain: UInt16 = 15_006
    /// Inbound tunnels.
    package static let inboundTunnel: UInt16 = 15_008
    /// DNS, for the task itself.
    package static let dns: UInt16 = 15_053
    /// SOCKS 5 and HTTP proxy, for the task itself.
    package static let proxy: UInt16 = 15_080
    /// Administration, for the task itself.
    package static let admin: UInt16 = 15_000
    /// Metrics.
    package static let metrics: UInt16 = 15_020
    /// Readiness.
    package static let readiness: UInt16 = 15_021

    /// Ports of ours that no connection may be sent on to: it would come back to us, or reach what only the
    /// task itself may administer.
    package static func isOurs(_ port: UInt16) -> Bool {
        [self.outbound, self.inboundPlain, self.inboundTunnel, self.proxy, self.admin].contains(port)
    }
}
