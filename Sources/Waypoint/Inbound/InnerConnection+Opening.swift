import DataPlane
import HTTPRouting
import MeshModel
import MeshTelemetry
import TunnelEngine

extension InnerConnection {
    /// Answers a CONNECT request.
    static func begin(_ request: TunnelRequest, on worker: WaypointWorker) {
        let plan = worker.plan
        switch Dispatch.find(request.authority, in: plan) {
        case .refused(let refusal):
            self.refuse(request, refusal, on: worker)
        case .service(let served, let service, let port, let asked):
            let address = asked ?? SocketAddress(ip: IPAddress(v4: 0), port: port.port)
            self.open(request, .service(service, port), served, address, on: worker)
        case .workload(let workload, let asked):
            self.open(request, .workload(workload), plan.workloads, asked, on: worker)
        }
    }

    private static func refuse(_ request: TunnelRequest, _ refusal: Dispatch.Refusal, on worker: WaypointWorker) {
        worker.context.access.warning(
            "tunnel refused",
            [
                LogField("src.addr", .bare("\(request.peer)")),
                LogField("src.identity", request.peerIdentity ?? ""),
                LogField("authority", String(request.authority.prefix(255))),
                LogField("status", refusal.status), LogField("reason", refusal.reason),
            ]
        )
        request.refuse(status: refusal.status)
    }

    private static func open(
        _ request: TunnelRequest,
        _ target: InnerTarget,
        _ served: ServicePlan,
        _ asked: SocketAddress,
        on worker: WaypointWorker
    ) {
        // Mutual TLS proved it, or there would be no request.
        guard let peer = request.peerIdentity.flatMap({ try? SPIFFEID(parsing: $0) }) else {
            return self.refuse(request, Dispatch.Refusal(status: 401, reason: "the peer has no identity"), on: worker)
        }
        let facts = ConnectionFacts(
            peer: peer,
            local: worker.context.local.identity,
            source: request.peer.canonical,
            destination: asked
        )
        let connection = InnerConnection(
            worker: worker,
            target: target,
            served: served,
            facts: facts,
            trace: request.header("traceparent").flatMap { TraceContext(parsing: $0) }
        )
        if let reason = worker.add(connection) {
            return self.refuse(request, Dispatch.Refusal(status: 503, reason: reason), on: worker)
        }
        guard let end = request.accept() else { return worker.remove(connection) }
        connection.start(end)
    }
}
