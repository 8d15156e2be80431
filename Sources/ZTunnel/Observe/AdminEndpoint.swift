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

    private func setLevel(_ request: HTTPRequest) -> HTTPResponse {
        for part in request.query {
            switch part.name {
            case "reset":
                self.context.log.threshold.level = self.context.configuration.logLevel
            case "level":
                guard let level = LogLevel(parsing: part.value) else {
                    return HTTPResponse(status: 400, text: "level must be error, warn, info or debug\n")
                }
                self.context.log.threshold.level = level
            default:
                return HTTPResponse(status: 400, text: "use ?level=error|warn|info|debug or ?reset\n")
            }
        }
        return HTTPResponse(status: 200, text: "current log level is \(self.context.log.threshold.level.name)\n")
    }

    private func use(_ method: String) -> HTTPResponse {
        var response = HTTPResponse(status: 405, text: "use \(method)\n")
        response.fields = [HTTPField(name: "Allow", value: method)]
        return response
    }
}
