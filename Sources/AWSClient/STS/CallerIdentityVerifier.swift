/// Replays a `GetCallerIdentity` request that somebody else signed, to learn from AWS who that is.
///
/// It trusts the caller to have chosen host and headers by the rules of attestation: this only sends them, follows no
/// redirect, takes no proxy, and reads the answer strictly.
package struct CallerIdentityVerifier: Sendable {
    /// A signed request; method, path and body are fixed.
    package struct SignedRequest: Sendable, Hashable {
        /// The `Host` that was signed, and where the request goes unless the endpoint is overridden.
        package var host: String
        /// The headers exactly as they were signed, `authorization` included, by lower-case name.
        package var headers: [String: String]

        /// Holds the parts as they are.
        package init(host: String, headers: [String: String]) {
            self.host = host
            self.headers = headers
        }
    }

    /// What STS answered.
    package enum Answer: Sendable, Hashable {
        /// 200, and a whole document that says who.
        case identity(CallerIdentity)
        /// STS does not accept the signature or the session.
        case refused(AWSError)
        /// STS cannot say now: no answer in time, throttled, its own failure, or an answer that cannot be read.
        case unavailable(AWSError)
    }

    /// The body that every such request has.
    package static let body = "Action=GetCallerIdentity&Version=2011-06-15"
    /// The content type that every such request has.
    package static let contentType = "application/x-www-form-urlencoded; charset=utf-8"
    /// Most bytes of an answer.
    package static let responseLimit = 64 * 1024

    private let transport: any HTTPTransport
    private let endpointOverride: String?
    private let deadline: Duration

    /// - Parameters:
    ///   - transport: the network.
    ///   - endpointOverride: a URL to connect to in place of `https://<host>`, for a local STS; the `Host` header stays.
    ///   - deadline: how long an exchange may take.
    package init(
        transport: any HTTPTransport,
        endpointOverride: String? = nil,
        deadline: Duration = .seconds(5)
    ) {
        self.transport = transport
        self.endpointOverride = endpointOverride
        self.deadline = deadline
    }

    /// Sends the request once; attestation has its own deadline, so there is no retry here.
    package func verify(_ request: SignedRequest) async -> Answer {
        let action = "GetCallerIdentity"
        func error(_ code: String, _ message: String, _ kind: AWSError.Kind, status: Int? = nil) -> AWSError {
            AWSError(service: "sts", action: action, code: code, message: message, status: status, kind: kind)
        }
        let base: String
        if let endpointOverride {
            guard let endpoint = EndpointResolver.parse(endpointOverride) else {
                return .unavailable(
                    error(
                        AWSError.Code.invalidEndpoint,
                        "the STS endpoint override is not an http or https URL",
                        .invalid
                    )
                )
            }
            base = endpoint.url(path: endpoint.basePath + "/", query: "")
        } else {
            base = "https://\(request.host)/"
        }
        var headers = request.headers.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
        headers.removeAll { $0.name == "host" }
        headers.append((name: "host", value: request.host))
        let outgoing = TransportRequest(method: "POST", url: base, headers: headers, body: Array(Self.body.utf8))
        let response: TransportResponse
        do {
            response = try await self.transport.send(outgoing, deadline: self.deadline, bodyLimit: Self.responseLimit)
        } catch TransportError.timedOut {
            return .unavailable(error(AWSError.Code.attemptTimedOut, "no answer in \(self.deadline)", .transport))
        } catch TransportError.bodyTooLarge {
            return .unavailable(
                error(AWSError.Code.responseTooLarge, "more than \(Self.responseLimit) bytes", .server)
            )
        } catch {
            return .unavailable(
                AWSError(
                    service: "sts",
                    action: action,
                    code: AWSError.Code.connectionFailed,
                    message: "\(error)",
                    kind: .transport
                )
            )
        }
        guard response.status == 200 else {
            let refusal = AWSErrorParser.error(service: "sts", action: action, response: response)
            switch refusal.kind {
            case .throttled, .server, .transport: return .unavailable(refusal)
            case .accessDenied, .notFound, .invalid, .credentials: return .refused(refusal)
            }
        }
        guard let identity = Self.identity(in: response) else {
            return .unavailable(
                error(
                    AWSError.Code.unreadableResponse,
                    "the answer is not a GetCallerIdentity document",
                    .server,
                    status: 200
                )
            )
        }
        return .identity(identity)
    }

    /// The content type chooses the reader: a body must not be read as what it does not claim to be.
    private static func identity(in response: TransportResponse) -> CallerIdentity? {
        let contentType = response.header("content-type")?.split(separator: ";").first?
            .filter { $0 != " " }.lowercased()
        switch contentType {
        case "text/xml", "application/xml":
            return (try? XMLElement(parsing: response.body)).flatMap { CallerIdentity($0) }
        case "application/json", "application/x-amz-json-1.1", "application/x-amz-json-1.0":
            return (try? JSONValue(parsing: response.body)).flatMap { CallerIdentity($0) }
        default: return nil
        }
    }
}
