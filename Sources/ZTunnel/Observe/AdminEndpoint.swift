import MeshTelemetry

/// The answers of port 15000.
package struct AdminEndpoint {
    private let own: ServedWorkload
    private let roster: WorkloadRoster
    private let quit: () -> Void

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

    /// Answers a request.
    package func answer(_ request: HTTPRequest) -> HTTPResponse {
        guard Self.isLocal(request) else {
            return HTTPResponse(status: 403, text: "the host must be localhost or an address, and no page may ask\n")
        }
        switch request.path {
        case "/":
            return HTTPResponse(
                status: 200,
                text: "GET /config_dump\nPOST /logging?level=error|warn|info|debug\nPOST /quitquitquit\n"
            )
        case "/config_dump":
            guard request.method == "GET" || request.isHead else { return self.use("GET") }
            return HTTPResponse(
                status: 200,
                contentType: "application/json",
                body: ConfigDump.make(self.own, served: self.roster.workloads)
            )
        case "/logging":
            guard request.method == "POST" else { return self.use("POST") }
            return self.setLevel(request)
        case "/quitquitquit":
            guard request.method == "POST" else { return self.use("POST") }
            self.quit()
            return HTTPResponse(status: 200, text: "shutdown now\n")
        default:
            return HTTPResponse(status: 404, text: "not found\n")
        }
    }

    /// Whether no web page is behind the request: a page's own name for our address, or its mark, gives it away.
    private static func isLocal(_ request: HTTPRequest) -> Bool {
        guard request.fields.values(of: "origin").isEmpty else { return false }
        let hosts = request.fields.values(of: "host")
        guard let host = hosts.first else { return true }
        guard hosts.count == 1 else { return false }
        switch CaptureTarget(authority: host, defaultPort: MeshPorts.admin) {
        case .address: return true
        case .name(let name, _): return name == "localhost"
        case nil: return false
        }
    }

    /// Shows or changes what is logged; nothing changes unless the whole request can be done.
    private func setLevel(_ request: HTTPRequest) -> HTTPResponse {
        let help = "use ?level=info or ?level=access=debug,info to add, ?reset to go back to the start\n"
        let threshold = self.context.log.threshold
        var filter = threshold.filter
        if request.query.contains(where: { $0.name == "reset" }) { filter = self.context.configuration.logFilter }
        for part in request.query where part.name != "reset" {
            guard part.name == "level", let text = PercentCoding.decode(part.value) else {
                return HTTPResponse(status: 400, text: help)
            }
            do throws(LogFilter.Malformed) {
                try filter.add(text)
            } catch {
                return HTTPResponse(status: 400, text: "\(error)\n\(help)")
            }
        }
        if filter != threshold.filter {
            threshold.filter = filter
            self.context.log.info("log levels changed", [LogField("filter", "\(filter)")])
        }
        return HTTPResponse(status: 200, text: "current log level is \(filter)\n")
    }

    private func use(_ method: String) -> HTTPResponse {
        var response = HTTPResponse(status: 405, text: "use \(method)\n")
        response.fields = [HTTPField(name: "Allow", value: method)]
        return response
    }
}
