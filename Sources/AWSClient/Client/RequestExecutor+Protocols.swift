import AWSSignature

extension RequestExecutor {
    /// One call of a JSON service.
    func json(
        _ service: AWSService,
        action: String,
        body: JSONValue,
        region: String,
        signedBy provider: any CredentialsProvider,
        account: String,
        deadline: Duration? = nil
    ) async throws -> JSONValue {
        guard case .json(let prefix, let version) = service.wireProtocol else {
            throw Self.wrongProtocol(service, action)
        }
        let response = try await self.send(
            Call(
                service: service,
                action: action,
                region: region,
                headers: [
                    HeaderField("Content-Type", "application/x-amz-json-\(version)"),
                    HeaderField("X-Amz-Target", "\(prefix).\(action)"),
                ],
                body: Array(body.text().utf8),
                provider: provider,
                account: account,
                deadline: deadline
            )
        )
        // Some actions answer nothing at all.
        if response.body.isEmpty { return .object(JSONObject()) }
        do {
            return try JSONValue(parsing: response.body)
        } catch {
            throw Self.unreadable(service, action, response, "\(error)")
        }
    }

    /// One call of a Query service. `provider` is `nil` for calls that are not signed.
    func query(
        _ service: AWSService,
        action: String,
        parameters: [QueryItem],
        region: String,
        signedBy provider: (any CredentialsProvider)?,
        account: String,
        deadline: Duration? = nil
    ) async throws -> XMLElement {
        guard case .query(let version) = service.wireProtocol else {
            throw Self.wrongProtocol(service, action)
        }
        let form = ([QueryItem("Action", action), QueryItem("Version", version)] + parameters)
            .map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }
            .joined(separator: "&")
        let response = try await self.send(
            Call(
                service: service,
                action: action,
                region: region,
                headers: [HeaderField("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")],
                body: Array(form.utf8),
                provider: provider,
                account: account,
                deadline: deadline
            )
        )
        return try Self.xml(service, action, response)
    }

    /// One call of a REST-XML service; `path` follows the service's prefix and is encoded by the caller.
    func rest(
        _ service: AWSService,
        action: String,
        method: String,
        path: String,
        query: [QueryItem],
        body: XMLElement?,
        region: String,
        signedBy provider: any CredentialsProvider,
        account: String
    ) async throws -> XMLElement {
        guard case .restXML(let prefix) = service.wireProtocol else {
            throw Self.wrongProtocol(service, action)
        }
        var call = Call(service: service, action: action, region: region, provider: provider, account: account)
        call.method = method
        call.path = prefix + path
        call.query = query
        if let body {
            call.headers = [HeaderField("Content-Type", "application/xml")]
            call.body = Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\(body.document)".utf8)
        }
        return try Self.xml(service, action, try await self.send(call))
    }

    private static func xml(
        _ service: AWSService,
        _ action: String,
        _ response: TransportResponse
    ) throws -> XMLElement {
        do {
            return try XMLElement(parsing: response.body)
        } catch {
            throw Self.unreadable(service, action, response, "\(error)")
        }
    }

    private static func unreadable(
        _ service: AWSService,
        _ action: String,
        _ response: TransportResponse,
        _ reason: String
    ) -> AWSError {
        AWSError(
            service: service.name,
            action: action,
            code: AWSError.Code.unreadableResponse,
            message: reason,
            status: response.status,
            requestID: response.header("x-amzn-requestid"),
            kind: .server
        )
    }

    private static func wrongProtocol(_ service: AWSService, _ action: String) -> AWSError {
        AWSError(
            service: service.name,
            action: action,
            code: AWSError.Code.invalidEndpoint,
            message: "\(service.name) does not speak this protocol",
            kind: .invalid
        )
    }
}
