import HTTPRouting
import MeshModel

/// What a CONNECT request to a waypoint leads to.
///
/// A waypoint serves what is bound to it and nothing else: an open relay for whatever the authority says would be the
/// worst failure that it could have.
enum Dispatch {
    /// A service that is bound to us, on one of its ports.
    case service(ServicePlan, Service, ServicePort, asked: SocketAddress?)
    /// A workload that is bound to us, by its own address.
    case workload(Workload, asked: SocketAddress)
    /// Nothing.
    case refused(Refusal)

    /// Why nothing is served.
    struct Refusal: Hashable, Sendable {
        /// The status of the answer to CONNECT.
        var status: Int
        /// For the log.
        var reason: String
    }

    /// Reads the authority of a CONNECT request and finds what it asks for.
    static func find(_ authority: String, in plan: WaypointPlan) -> Dispatch {
        guard plan.isComplete else {
            return .refused(Refusal(status: 503, reason: "the waypoint has no settings yet"))
        }
        if let asked = SocketAddress(parsing: authority) { return self.find(asked.canonical, in: plan) }
        guard let colon = authority.lastIndex(of: ":"),
            let port = UInt16(authority[authority.index(after: colon)...]), port > 0
        else {
            return .refused(
                Refusal(status: 400, reason: "authority \(authority.prefix(128).debugDescription) has no port")
            )
        }
        return self.find(host: String(authority[..<colon]), port: port, in: plan)
    }

    private static func find(_ asked: SocketAddress, in plan: WaypointPlan) -> Dispatch {
        guard !plan.bounds.isHostOnly(asked.ip) else {
            return .refused(Refusal(status: 404, reason: "\(asked) is an address of one host alone"))
        }
        let address = NetworkAddress(network: plan.own.network, ip: asked.ip)
        let (service, workload) = plan.mesh.destination(at: address, from: plan.own.namespace)
        if let service { return self.serve(service, port: asked.port, asked: asked, in: plan) }
        guard let workload else {
            return .refused(Refusal(status: 404, reason: "\(asked) is no address of the mesh"))
        }
        guard plan.settings.servesWorkloads, let waypoint = workload.waypoint, plan.isOwn(waypoint) else {
            return .refused(
                Refusal(status: 404, reason: "workload \(workload.uid) at \(asked) is not bound to this waypoint")
            )
        }
        return .workload(workload, asked: asked)
    }

    /// Clients name a service only where it has no virtual address that they could have used.
    private static func find(host: String, port: UInt16, in plan: WaypointPlan) -> Dispatch {
        guard let service = plan.mesh.service(host: host, from: plan.own.namespace) else {
            return .refused(Refusal(status: 404, reason: "\(host.prefix(255)) is no service of the mesh"))
        }
        guard !service.vips.contains(where: { $0.network == plan.own.network }) else {
            return .refused(Refusal(status: 404, reason: "service \(service.key) is served at its virtual address"))
        }
        return self.serve(service, port: port, asked: nil, in: plan)
    }

    private static func serve(
        _ service: Service,
        port: UInt16,
        asked: SocketAddress?,
        in plan: WaypointPlan
    ) -> Dispatch {
        guard plan.settings.servesServices, let served = plan.services[service.key] else {
            return .refused(
                Refusal(status: 404, reason: "service \(service.key) is not bound to this waypoint, or not known yet")
            )
        }
        guard let declared = service.declaredPort(port) else {
            let ports = service.ports.map { "\($0.port)" }.joined(separator: ", ")
            return .refused(
                Refusal(status: 404, reason: "service \(service.key) has no port \(port); it declares \(ports)")
            )
        }
        return .service(served, service, declared, asked: asked)
    }
}
