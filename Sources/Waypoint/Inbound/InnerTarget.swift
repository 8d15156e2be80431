import MeshModel

/// What a connection inside a tunnel is for.
enum InnerTarget {
    /// A port of a service that is bound to us.
    case service(Service, ServicePort)
    /// A workload that is bound to us, by its own address.
    case workload(Workload)

    /// Ports of protocols in which the server speaks first: SMTP, DNS, MySQL, MongoDB, as Istio has them.
    private static let speaksFirst: Set<UInt16> = [25, 53, 3306, 27017]

    /// Whether nobody said what the port speaks, so that the client's bytes alone decide.
    var isGuessed: Bool {
        guard case .service(_, let port) = self else { return true }
        return port.appProtocol == .unknown && !Self.speaksFirst.contains(port.port)
    }

    /// For logs.
    var name: String {
        switch self {
        case .service(let service, let port): "\(service.key):\(port.port)"
        case .workload(let workload): workload.uid
        }
    }
}
