/// Makes errors of answers that are not 2xx, whatever their body is: JSON, XML or a web page.
enum AWSErrorParser {
    static func error(service: String, action: String, response: TransportResponse) -> AWSError {
        let requestID =
            response.header("x-amzn-requestid") ?? response.header("x-amz-request-id")
            ?? response.header("x-amzn-request-id")
        var found = Self.fields(of: response.body)
        if found.code == nil, let header = response.header("x-amzn-errortype") {
            found.code = Self.shortCode(header)
        }
        let code = found.code ?? "HTTP\(response.status)"
        var error = AWSError(
            service: service,
            action: action,
            code: code,
            message: found.message.map(Self.withoutRequest) ?? "no message",
            status: response.status,
            requestID: requestID ?? found.requestID,
            kind: Self.kind(code: code, status: response.status, reasons: found.reasons)
        )
        error.reasons = found.reasons
        return error
    }

    private struct Fields {
        var code: String?
        var message: String?
        var requestID: String?
        var reasons: [String] = []
    }

    /// A transaction of DynamoDB has no more parts.
    private static let transactionParts = 100

    /// The first byte decides: some gateways answer XML to a JSON request, and a web page to anything.
    private static func fields(of body: [UInt8]) -> Fields {
        switch body.first(where: { $0 > 0x20 }) {
        case UInt8(ascii: "{"):
            guard let value = try? JSONValue(parsing: body) else { return Fields(message: "the body is broken JSON") }
            let code = value["__type"]?.string ?? value["code"]?.string ?? value["Code"]?.string
            let message = value["message"]?.string ?? value["Message"]?.string ?? value["errorMessage"]?.string
            if code == nil, let nested = value["Error"] {
                return Fields(code: nested["Code"]?.string, message: nested["Message"]?.string)
            }
            let reasons = (value["CancellationReasons"]?.array ?? []).prefix(Self.transactionParts)
                .map { String(($0["Code"]?.string ?? "None").prefix(64)) }
            return Fields(code: code.map(Self.shortCode), message: message, reasons: reasons)
        case UInt8(ascii: "<"):
            guard let root = try? XMLElement(parsing: body), let error = Self.errorElement(in: root) else {
                return Fields(message: "the body is a web page, not an AWS answer")
            }
            let requestID = root["RequestId"]?.text ?? root["RequestID"]?.text ?? error["RequestId"]?.text
            return Fields(code: error["Code"]?.text, message: error["Message"]?.text, requestID: requestID)
        case nil: return Fields(message: "the body is empty")
        default: return Fields(message: "the body is neither JSON nor XML")
        }
    }

    private static func errorElement(in element: XMLElement) -> XMLElement? {
        if element.name == "Error", element["Code"] != nil { return element }
        return element.children.lazy.compactMap(Self.errorElement).first
    }

    /// A message up to where it repeats our own request: on a wrong signature AWS quotes the canonical request, session
    /// token included, and messages go into logs and debug pages.
    private static func withoutRequest(_ message: String) -> String {
        let text = Array(message.utf8)
        let lowered = text.map { (0x41...0x5a).contains($0) ? $0 + 32 : $0 }
        let cuts = ["canonical string", "string-to-sign", "security-token", "authorization:"].compactMap { mark in
            lowered.firstRange(of: Array(mark.utf8))?.lowerBound
        }
        guard let cut = cuts.min() else { return message }
        return String(decoding: text[..<cut], as: UTF8.self) + "(the rest repeats our request and is left out)"
    }

    /// `com.amazonaws.ecs#ClientException:http://…` is written in full by some services.
    private static func shortCode(_ code: String) -> String {
        let name = code.split(separator: ":", maxSplits: 1).first ?? ""
        return name.split(separator: "#").last.map(String.init) ?? code
    }

    private static let throttleCodes: Set<String> = [
        "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException",
        "TooManyRequestsException", "RequestLimitExceeded", "BandwidthLimitExceeded", "SlowDown",
        "PriorRequestNotComplete", "ProvisionedThroughputExceededException", "EC2ThrottledException",
        "TransactionInProgressException", "ProvisionedThroughputExceeded",
    ]

    private static let credentialCodes: Set<String> = [
        "ExpiredToken", "ExpiredTokenException", "UnrecognizedClientException", "InvalidClientTokenId",
        "InvalidSignatureException", "SignatureDoesNotMatch", "MissingAuthenticationToken",
        "MissingAuthenticationTokenException", "IncompleteSignature", "IncompleteSignatureException", "AuthFailure",
        "RequestExpired", "InvalidIdentityToken", "IDPRejectedClaim", "InvalidAccessKeyId",
    ]

    private static let deniedCodes: Set<String> = [
        "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "OptInRequired", "NotAuthorized",
    ]

    private static let serverCodes: Set<String> = [
        "ServerException", "InternalFailure", "InternalError", "InternalServerError", "InternalServerException",
        "ServiceUnavailable", "ServiceUnavailableException", "ServiceUnavailableError", "IDPCommunicationError",
    ]

    static func kind(code: String, status: Int, reasons: [String] = []) -> AWSError.Kind {
        // The parts say why. A condition that failed stays failed; that another one was at the same items passes.
        if code == "TransactionCanceledException" {
            if reasons.contains("ConditionalCheckFailed") { return .invalid }
            if reasons.contains(where: { $0 == "ThrottlingError" || Self.throttleCodes.contains($0) }) {
                return .throttled
            }
            if reasons.contains("TransactionConflict") { return .server }
        }
        if Self.throttleCodes.contains(code) || status == 429 { return .throttled }
        if Self.credentialCodes.contains(code) { return .credentials }
        if Self.deniedCodes.contains(code) { return .accessDenied }
        if Self.serverCodes.contains(code) || status >= 500 { return .server }
        if code.hasSuffix("NotFoundException") || code.hasSuffix("NotFound") || code.hasPrefix("NoSuch")
            || status == 404
        {
            return .notFound
        }
        if status == 401 || status == 403 { return .accessDenied }
        // A redirect, or a status nobody expects of an API.
        if status < 400 { return .server }
        return .invalid
    }
}
