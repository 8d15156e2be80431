import MeshModel

/// What a connection inside a tunnel is for.
enum InnerTarget {
    /// A port of a service that is bound to us.
    case service(Service, ServicePort)
    /// A workload that is bound to us, by its own address.
    case workload(Workload)

    /// For logs.
    var name: String {
        switch self {
        case .service(let service, let port): "\(service.key):\(port.port)"
        case .workload(let workload): workload.uid
        }
    }
}
