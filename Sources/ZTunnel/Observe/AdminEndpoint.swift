package import DataPlane
import MeshTelemetry
package import TunnelEngine

/// The answers of port 15000.
package struct AdminEndpoint {
    private let own: ServedWorkload
    private let roster: WorkloadRoster
    private let quit: () -> Void
    private let dumps = DumpPlaces(AdminEndpoint.maximumDumps)

    /// What there is to ask for.
    private static let home: StaticString = """
        <!DOCTYPE html>
        <html><head><title>ztunnel admin</title></head><body><h1>ztunnel admin</h1><table>
        <tr><td><a href="config_dump">config_dump</a></td><td>state of the mesh, settings, certificates, \
        connections</td></tr>
        <tr><td><a href="connections">connections</a></td><td>live connections, oldest first</td></tr>
        <tr><td>logging</td><td>POST: shows the log levels; ?level=info or ?level=access=debug,info adds, ?reset goes \
        back</td></tr>
        <tr><td>quitquitquit</td><td>POST: ends the process as SIGTERM does</td></tr>
        </table></body></html>

        """

    private var context: MeshContext { self.own.mesh }

    /// - Parameters:
    ///   - own: whom the control plane knows this process as.
    ///   - roster: whom it serves.
    ///   - quit: begins a graceful shutdown.
    package init(own: ServedWorkload, roster: WorkloadRoster, quit: @escaping () -> Void) {
        self.own = own
        self.roster = roster
        self.quit = quit
    }

    /// Dumps that are under way at once; each holds a state of the mesh while its client reads.
    private static let maximumDumps = 4

    /// Answers a request, at once or when the workers have said what they carry.
    /// - Parameter loop: where `respond` is called.
    package func answer(
        _ request: HTTPRequest,
        on loop: EventLoop,
        respond: @escaping (EndpointAnswer) -> Void
    ) {
        guard request.isLocal, ["/config_dump", "/connections"].contains(request.path) else {
            return respond(EndpointAnswer(self.answer(request)))
        }
        guard request.method == "GET" || request.isHead else { return respond(EndpointAnswer(.use("GET"))) }
        guard let place = self.dumps.take() else {
            let text = "more than \(Self.maximumDumps) dumps at once\n"
            return respond(EndpointAnswer(HTTPResponse(status: 503, text: text)))
        }
        let (own, roster) = (self.own, self.roster)
        // Both run on `loop`: the census only carries them over and back.
        nonisolated(unsafe) let respond = respond
        nonisolated(unsafe) let held = place
        roster.takeCensus { census in
            loop.submit {
                let next: () -> [UInt8]?
                if request.path == "/connections" {
                    var listing = ConnectionListing(census)
                    next = { listing.next() }
                } else {
                    var dump = ConfigDump(own: own, served: roster.workloads, census: census)
                    next = { dump.next() }
                }
                respond(
                    EndpointAnswer(contentType: "application/json") {
                        withExtendedLifetime(held) { next() }
                    }
                )
            }
        }
    }

    /// Answers a request for one of the small pages.
    func answer(_ request: HTTPRequest) -> HTTPResponse {
        guard request.isLocal else { return .notLocal }
        switch request.path {
        case "/":
            return HTTPResponse(
                status: 200,
                contentType: "text/html; charset=utf-8",
                body: Array("\(Self.home)".utf8)
            )
        case "/logging":
            return LogLevelPage.answer(
                request,
                log: self.context.log,
                standard: self.context.configuration.logFilter
            )
        case "/quitquitquit":
            guard request.method == "POST" else { return .use("POST") }
            self.quit()
            return HTTPResponse(status: 200, text: "shutdown now\n")
        default:
            return HTTPResponse(status: 404, text: "not found\n")
        }
    }
}

/// Counts the dumps that are under way.
private final class DumpPlaces {
    /// Gives its place back when nobody holds it any more.
    final class Place {
        private weak var places: DumpPlaces?

        init(_ places: DumpPlaces) { self.places = places }

        deinit { self.places?.left += 1 }
    }

    private var left: Int

    init(_ count: Int) { self.left = count }

    /// A place; nil when all are taken.
    func take() -> Place? {
        guard self.left > 0 else { return nil }
        self.left -= 1
        return Place(self)
    }
}
