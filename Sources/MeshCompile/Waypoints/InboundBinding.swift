import MeshConfig

/// How a waypoint behind a ztunnel is told the original destination: `PROXY`, `PROXY/<port>` or `NONE`.
struct InboundBinding: Hashable {
    /// Whether bytes begin with a PROXY protocol header.
    var usesProxyProtocol = false
    /// Where it listens for them; nil where nothing was said.
    var port: UInt16?

    /// Reads the annotation; anything that it does not know is NONE.
    init(annotation: String?) {
        let parts = (annotation ?? "").split(separator: "/", omittingEmptySubsequences: false)
        guard parts.first == "PROXY" else { return }
        if parts.count == 2, let text = parts.last {
            guard let port = DecimalText.port(text) else { return }
            self.port = UInt16(clamping: port)
        } else if parts.count > 1 {
            return
        }
        self.usesProxyProtocol = true
    }

    /// The listener whose `allowedRoutes` say who may be bound.
    func listener(of gateway: Declared.Gateway) -> Declared.Gateway.Listener? {
        if let port = self.port, let named = gateway.listeners.first(where: { $0.port == port }) { return named }
        return gateway.listeners.first { $0.protocol == "istio.io/PROXY" }
            ?? gateway.listeners.first { $0.protocol == "HBONE" }
            ?? gateway.listeners.first { $0.port == WaypointState.hbonePort }
    }
}
