package import MeshTelemetry

/// The admin page `/logging`: shows the log levels, and changes them.
package enum LogLevelPage {
    /// Shows or changes what is logged; nothing changes unless the whole request can be done.
    /// - Parameter standard: what `?reset` goes back to.
    package static func answer(_ request: HTTPRequest, log: Log, standard: LogFilter) -> HTTPResponse {
        guard request.method == "POST" else { return .use("POST") }
        let help = "use ?level=info or ?level=access=debug,info to add, ?reset to go back to the start\n"
        let threshold = log.threshold
        var filter = threshold.filter
        if request.query.contains(where: { $0.name == "reset" }) { filter = standard }
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
            log.info("log levels changed", [LogField("filter", "\(filter)")])
        }
        return HTTPResponse(status: 200, text: "current log level is \(filter)\n")
    }
}
