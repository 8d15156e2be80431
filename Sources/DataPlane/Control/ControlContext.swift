package import MeshModel
package import MeshTelemetry

/// What everything that talks to the control plane has in common. Usable from any thread.
package struct ControlContext: Sendable {
    /// The program's name, by which servers and collectors know it: `ztunnel`.
    package let program: String
    /// Where it says what happens.
    package let log: Log
    /// Where it counts.
    package let registry: MetricsRegistry
    /// The address that this process has among others of its network namespace; nil where it is alone there.
    package let address: IPAddress?

    /// Joins the parts.
    package init(program: String, log: Log, registry: MetricsRegistry, address: IPAddress? = nil) {
        self.program = program
        self.log = log
        self.registry = registry
        self.address = address
    }

    /// Seconds since 1970.
    package var now: Int64 { Timestamp.now().seconds }

    /// The address to connect from; nil lets the kernel choose.
    ///
    /// Where several tasks share a network namespace each has one loopback address, and peers must see that one.
    package func bindAddress(toReach destination: IPAddress) -> SocketAddress? {
        guard let own = self.address, own.isV4 == destination.isV4, own.isLoopback == destination.isLoopback else {
            return nil
        }
        return SocketAddress(ip: own, port: 0)
    }
}
