import AWSClient

/// A ztunnel's admin port.
struct ZTunnelAdmin: Sendable {
    /// `host:port`.
    var address: String
    var transport: any HTTPTransport

    /// Where a ztunnel's admin port is, seen from its own task.
    static let usual = "127.0.0.1:15000"

    /// Its state.
    func dump() async throws -> ZTunnelDump {
        let body = try await self.send("GET", "/config_dump")
        do {
            var limits = JSONLimits()
            limits.bytes = AdminClient.mostBytes
            return ZTunnelDump(try JSONValue(parsing: body, limits: limits))
        } catch {
            throw CommandFailure(
                "the dump of \(self.address) cannot be read: \(error)",
                hint: "is it a ztunnel's port?"
            )
        }
    }

    /// Shows the log level, sets it, or sets it back.
    /// - Parameters:
    ///   - level: such as `debug` or `access=debug,info`; nil only shows.
    ///   - isReset: whether what was set at run time goes first.
    func log(level: String?, isReset: Bool) async throws -> String {
        let body = try await self.send("POST", Self.logPath(level: level, isReset: isReset))
        return String(decoding: body, as: UTF8.self).split(separator: "\n").map { PlainLine.text(String($0)) }
            .joined(separator: "\n")
    }

    /// The path and query that do so.
    static func logPath(level: String?, isReset: Bool) -> String {
        var query: [String] = []
        if isReset { query.append("reset") }
        if let level { query.append("level=\(AdminClient.encoded(level))") }
        return "/logging" + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
    }

    private func send(_ method: String, _ path: String) async throws -> [UInt8] {
        let request = TransportRequest(method: method, url: "http://\(self.address)\(path)", headers: [])
        let response: TransportResponse
        do {
            response = try await self.transport.send(
                request,
                deadline: AdminClient.deadline,
                bodyLimit: AdminClient.mostBytes
            )
        } catch let error as CancellationError {
            throw error
        } catch {
            throw CommandFailure(
                "no answer from \(self.address)\(path): "
                    + TransportWords.plain(error, bodyLimit: AdminClient.mostBytes),
                hint:
                    "it answers inside the ztunnel's task only: '--via exec' prints a command that reaches it",
                status: .unavailable
            )
        }
        guard response.status == 200 else {
            let text = PlainLine.text(String(decoding: response.body.prefix(500), as: UTF8.self))
            throw CommandFailure("\(self.address)\(path) answered HTTP \(response.status): \(text)")
        }
        return response.body
    }
}
