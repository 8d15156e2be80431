package import DataPlane
import MeshIdentity
package import MeshTelemetry
package import TunnelEngine

/// The bounds of a ztunnel that its parts take as values, all in one place.
///
/// Each part's own type says what its numbers mean and why they are what they are; `docs/limits.md` is made from them.
package struct ZTunnelLimits: Hashable, Sendable {
    /// Tunnels to and from other ztunnels: deadlines, keep-alive, output, HTTP/2.
    package var link = LinkLimits()
    /// Tunnels that are kept for later connections.
    package var pool = TunnelPoolLimits()
    /// Clients that ask by SOCKS or HTTP.
    package var capture = CaptureLimits()
    /// Attempts to reach a destination.
    var outbound = OutboundLimits()
    /// Connections of one workload on one event loop.
    package var proxy = ProxyLimits()
    /// Clients of the admin, metrics and readiness pages.
    package var endpoint = HTTPServerState.Limits()
    /// Series of the connection metrics.
    package var connections = ConnectionMetrics.Limits()
    /// Lines that wait to be written.
    package var log = LogWriter.Limits()
    /// Spans that wait to be sent.
    package var traces = ConnectionTracer.Limits()
    /// Attempts to send spans.
    var export = OTLPExporter.Limits()

    /// The default limits.
    package init() {}
}

/// Bounds of one workload's connections on one event loop.
package struct ProxyLimits: Hashable, Sendable {
    /// Connections carried at once; more are refused with `overloaded`.
    package var connections = 50_000
    /// Inbound connections that may wait at once for the control plane to tell us about our own workload.
    package var waiting = 1_000
    /// How long such a connection waits.
    package var workloadMilliseconds: UInt64 = 5_000
    /// How often waiting connections look again.
    package var waitingMilliseconds: UInt64 = 100
    /// How often the bytes of running connections are counted.
    package var samplingMilliseconds: UInt64 = 5_000

    /// The default limits.
    package init() {}
}
