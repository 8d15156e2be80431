import MeshModel
package import MeshProtos

extension AuthorizerPlan {
    /// The gRPC method that is called.
    package static let method = "/envoy.service.auth.v3.Authorization/Check"

    /// The message that asks about a request.
    ///
    /// - Throws: ``AuthorizerFault/unsendable`` for a body that is no text where bytes are not asked for. Left out, it would
    ///   look like a request without one.
    package func check(
        _ view: RequestView,
        body: AuthorizerBody?,
        facts: CheckFacts
    ) throws(AuthorizerFault) -> EnvoyAuth.CheckRequest {
        var request = EnvoyAuth.HTTPRequest()
        request.id = facts.requestID
        request.method = view.method
        request.path = view.query.map { view.path + "?" + $0 } ?? view.path
        request.host = view.authority
        request.scheme = view.scheme
        request.query = view.query ?? ""
        request.size = facts.bodyBytes ?? -1
        request.protocol = facts.httpVersion
        request.headers = self.headers(view, path: request.path)
        if let body {
            request.headers["x-envoy-auth-partial-body"] = body.isPartial ? "true" : "false"
            if self.settings.packsBytes {
                request.rawBody = body.bytes
            } else if let text = Self.text(body) {
                request.body = text
            } else {
                throw .unsendable
            }
        }
        var check = self.check(view.connection)
        let (seconds, milliseconds) = facts.time.quotientAndRemainder(dividingBy: 1_000)
        check.attributes?.request = .with {
            $0.time = .with {
                $0.seconds = seconds
                $0.nanos = Int32(clamping: max(0, milliseconds) * 1_000_000)
            }
            $0.http = request
        }
        return check
    }

    /// The message that asks about a connection whose bytes nobody reads.
    package func check(_ connection: ConnectionFacts) -> EnvoyAuth.CheckRequest {
        .with {
            $0.attributes = .with {
                $0.source = Self.peer(connection.source, connection.peer)
                $0.destination = Self.peer(connection.destination, connection.local)
                if let name = connection.serverName { $0.tlsSession = .with { $0.sni = name } }
            }
        }
    }

    private static func peer(_ address: SocketAddress, _ identity: SPIFFEID?) -> EnvoyAuth.Peer {
        .with {
            $0.address = .with {
                $0.socketAddress = .with {
                    $0.address = "\(address.ip)"
                    $0.portValue = UInt32(address.port)
                }
            }
            $0.principal = identity?.uri ?? ""
        }
    }

    /// All fields, or the listed ones, with HTTP/2's pseudo headers; several of one name are joined.
    private func headers(_ view: RequestView, path: String) -> [String: String] {
        var headers = [
            ":method": view.method, ":path": path, ":authority": view.authority, ":scheme": view.scheme,
        ]
        for field in view.fields where self.checked.isEmpty || self.checked.fits(field.name) {
            let separator = field.name == "cookie" ? "; " : ","
            headers[field.name] = headers[field.name].map { $0 + separator + field.value } ?? field.value
        }
        for field in self.settings.headersToAdd { headers[field.name.foldedASCII] = field.value }
        return headers
    }

    /// The body as text; what is cut off may be cut within a character.
    private static func text(_ body: AuthorizerBody) -> String? {
        for cut in 0...(body.isPartial ? 3 : 0) {
            if let text = String(validating: body.bytes.dropLast(cut), as: UTF8.self) { return text }
        }
        return nil
    }
}
