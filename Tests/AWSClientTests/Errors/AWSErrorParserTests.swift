import AWSTestSupport
import Testing

@testable import AWSClient

struct AWSErrorParserTests {
    static let bodies: [(body: String, status: Int, code: String, kind: AWSError.Kind)] = [
        (#"{"__type":"ClusterNotFoundException","message":"x"}"#, 400, "ClusterNotFoundException", .notFound),
        (#"{"__type":"com.amazonaws.ecs#ThrottlingException","Message":"x"}"#, 400, "ThrottlingException", .throttled),
        (#"{"code":"AccessDeniedException","message":"x"}"#, 400, "AccessDeniedException", .accessDenied),
        (#"{"__type":"ServerException"}"#, 400, "ServerException", .server),
        (#"{"__type":"InvalidParameterException"}"#, 400, "InvalidParameterException", .invalid),
        (#"{"__type":"ExpiredTokenException"}"#, 400, "ExpiredTokenException", .credentials),
        (#"{"message":"no code"}"#, 403, "HTTP403", .accessDenied),
        (#"{"broken"#, 500, "HTTP500", .server),
        (
            "<ErrorResponse><Error><Code>Throttling</Code><Message>x</Message></Error></ErrorResponse>", 400,
            "Throttling", .throttled
        ),
        (
            "<E><Errors><Error><Code>SignatureDoesNotMatch</Code></Error></Errors></E>", 403, "SignatureDoesNotMatch",
            .credentials
        ),
        (
            "<ErrorResponse><Error><Code>NoSuchHostedZone</Code></Error></ErrorResponse>", 404, "NoSuchHostedZone",
            .notFound
        ),
        ("<!doctype html><html><title>500</title></html>", 500, "HTTP500", .server),
        ("<html><body>Forbidden</body></html>", 403, "HTTP403", .accessDenied),
        ("", 503, "HTTP503", .server),
        ("upstream connect error", 502, "HTTP502", .server),
        ("", 429, "HTTP429", .throttled),
        ("", 302, "HTTP302", .server),
        ("", 404, "HTTP404", .notFound),
    ]

    @Test(arguments: bodies)
    func makesOneErrorOfWhateverTheBodyIs(_ row: (body: String, status: Int, code: String, kind: AWSError.Kind)) {
        let response = TransportResponse.text(row.body, type: "text/plain", status: row.status)
        let error = AWSErrorParser.error(service: "ecs", action: "ListTasks", response: response)
        #expect(error.code == row.code)
        #expect(error.kind == row.kind)
        #expect(error.status == row.status)
    }

    @Test
    func takesCodeAndRequestFromHeadersWhenTheBodyHasNone() {
        let response = TransportResponse(
            status: 400,
            headers: [
                (name: "X-Amzn-ErrorType", value: "ThrottlingException:http://internal/"),
                (name: "x-amzn-RequestId", value: "r-1"),
            ],
            body: Array("{}".utf8)
        )
        let error = AWSErrorParser.error(service: "ecs", action: "ListTasks", response: response)
        #expect(error.code == "ThrottlingException")
        #expect(error.requestID == "r-1")
        #expect(error.description == "ecs ListTasks: ThrottlingException: no message (HTTP 400, request r-1)")
    }

    static let quoted: [(body: String, type: String)] = [
        (
            #"{"__type":"InvalidSignatureException","message":"The request signature does not match. The Canonical "#
                + #"String for this request should have been\n'POST\nx-amz-security-token:SESSIONTOKEN\n'"}"#,
            "application/x-amz-json-1.1"
        ),
        (
            "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>The request signature does not match. "
                + "CANONICAL STRING 'X-Amz-Security-Token:SESSIONTOKEN'</Message></Error></ErrorResponse>", "text/xml"
        ),
    ]

    @Test(arguments: quoted)
    func leavesOutOurOwnRequestThatAWSQuotes(_ row: (body: String, type: String)) {
        let response = TransportResponse.text(row.body, type: row.type, status: 403)
        let error = AWSErrorParser.error(service: "sts", action: "GetCallerIdentity", response: response)
        #expect(error.message.hasPrefix("The request signature does not match."))
        #expect(!"\(error)".contains("SESSIONTOKEN"))
    }

    @Test
    func leavesNothingThatMovesATerminalsCursor() {
        let error = AWSError(
            service: "s",
            action: "a",
            code: "C\u{1b}[2J",
            message: "one\r\ntwo\u{2028}three" + String(repeating: "\u{301}", count: 9_999),
            kind: .server
        )
        #expect(error.code == "C [2J")
        #expect(error.message.unicodeScalars.starts(with: "one  two three".unicodeScalars))
        #expect(error.message.unicodeScalars.count == 1_024)
    }

    @Test
    func boundsWhatAPeerCanPutIntoAMessage() {
        let error = AWSError(
            service: "s",
            action: "a",
            code: String(repeating: "c", count: 9_999),
            message: String(repeating: "m\n", count: 9_999),
            kind: .server
        )
        #expect(error.code.count == 128)
        #expect(error.message.count == 1_024)
        #expect(!error.message.contains("\n"))
    }
}
