import DataPlane
import HTTPRouting
import MeshModel
import TunnelEngine

/// The admin endpoint on port 15000: what the waypoint knows and does. Read-only but for the end of the process.
final class AdminEndpoint {
    private let context: WaypointContext
    private let state: PlanState
    private let workers: [WaypointWorker]
    private let quit: () -> Void

    init(context: WaypointContext, state: PlanState, workers: [WaypointWorker], quit: @escaping () -> Void) {
        self.context = context
        self.state = state
        self.workers = workers
        self.quit = quit
    }

    /// Answers a request, on the control loop.
    func answer(_ request: HTTPRequest, on loop: EventLoop, respond: @escaping (EndpointAnswer) -> Void) {
        switch (request.method, request.path) {
        case ("GET", "/config_dump"): respond(EndpointAnswer(self.dump()))
        case ("GET", "/clusters"): respond(EndpointAnswer(self.clusters()))
        case ("GET", "/"):
            let text =
                "waypoint \(Version.text)\n\n/config_dump\n/clusters\n/quitquitquit  (POST)\n"
            respond(EndpointAnswer(HTTPResponse(status: 200, text: text)))
        case ("POST", "/quitquitquit"):
            respond(EndpointAnswer(HTTPResponse(status: 200, text: "shutting down\n")))
            self.quit()
        default:
            respond(EndpointAnswer(HTTPResponse(status: 404, text: "not found\n")))
        }
    }

    /// The services that are served, with what could not be carried out.
    private func dump() -> HTTPResponse {
        let plan = self.state.plan
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("identity", "\(self.context.local.identity)")
            writer.member("complete", plan.isComplete)
            writer.name("services")
            writer.array { writer in
                for (key, served) in plan.services.sorted(by: { $0.key < $1.key }) { Self.write(key, served, &writer) }
            }
        }
        return HTTPResponse(status: 200, contentType: "application/json", body: writer.take())
    }

    private static func write(_ key: NamespacedHostname, _ served: ServicePlan, _ writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("service", "\(key)")
            writer.name("clusters")
            writer.array { writer in for cluster in served.clusters { writer.string(cluster.name) } }
            writer.name("faults")
            writer.array { writer in for fault in served.faults { writer.string(fault) } }
        }
    }

    /// The destinations with their endpoints' numbers.
    private func clusters() -> HTTPResponse {
        var text = ""
        for (key, served) in self.state.plan.services.sorted(by: { $0.key < $1.key }) {
            for cluster in served.clusters {
                let numbers = cluster.state.statistics
                text += "\(key) \(cluster.name) \(numbers)\n"
            }
        }
        return HTTPResponse(status: 200, text: text)
    }
}
