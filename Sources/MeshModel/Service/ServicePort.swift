/// A port of a service and the port it leads to.
package struct ServicePort: Hashable, Sendable {
    /// What is spoken on a port.
    package enum AppProtocol: String, Hashable, Sendable, CaseIterable {
        case unknown, http11, http2, grpc, tcp, tls
    }

    /// The port clients use.
    package var port: UInt16
    /// The port endpoints listen on; 0 in a service whose target is a name that each endpoint resolves for itself.
    package var targetPort: UInt16
    /// What is spoken on it.
    package var appProtocol: AppProtocol

    /// Joins the three.
    package init(port: UInt16, targetPort: UInt16, appProtocol: AppProtocol = .unknown) {
        self.port = port
        self.targetPort = targetPort
        self.appProtocol = appProtocol
    }
}
