import AWSClient
import AWSTestSupport
import Testing

struct CallerIdentityVerifierTests {
    static let arn = "arn:aws:sts::111122223333:assumed-role/web/0123456789abcdef0123456789abcdef"
    static let result = "<Arn>\(arn)</Arn><UserId>AROA:s</UserId><Account>111122223333</Account>"

    static func xml(_ result: String) -> String {
        """
        <GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>\(result)\
        </GetCallerIdentityResult><ResponseMetadata/></GetCallerIdentityResponse>
        """
    }

    private static func verify(
        _ response: TransportResponse,
        override: String? = nil
    ) async -> (answer: CallerIdentityVerifier.Answer, fake: FakeAWS) {
        let fake = FakeAWS { _ in response }
        let verifier = CallerIdentityVerifier(transport: fake, endpointOverride: override)
        let request = CallerIdentityVerifier.SignedRequest(
            host: "sts.us-east-1.amazonaws.com",
            headers: ["authorization": "AWS4-HMAC-SHA256 …", "x-amz-date": "d", "host": "sts.us-east-1.amazonaws.com"]
        )
        return (await verifier.verify(request), fake)
    }

    @Test
    func sendsExactlyTheSignedHeadersAndItsOwnBody() async throws {
        let (answer, fake) = await Self.verify(.text(Self.xml(Self.result), type: "text/xml; charset=utf-8"))
        #expect(
            answer == .identity(CallerIdentity(account: "111122223333", arn: Self.arn, userID: "AROA:s"))
        )
        let request = try #require(fake.requests.first)
        #expect(request.raw.url == "https://sts.us-east-1.amazonaws.com/")
        #expect(request.raw.method == "POST")
        #expect(request.raw.headers.map(\.name) == ["authorization", "x-amz-date", "host"])
        #expect(String(decoding: request.raw.body, as: UTF8.self) == "Action=GetCallerIdentity&Version=2011-06-15")
    }

    @Test
    func connectsElsewhereWithTheSameHostWhenToldTo() async throws {
        let (_, fake) = await Self.verify(
            .text(Self.xml(Self.result), type: "text/xml"),
            override: "http://127.0.0.1:5555"
        )
        let request = try #require(fake.requests.first)
        #expect(request.raw.url == "http://127.0.0.1:5555/")
        #expect(request.header("host") == "sts.us-east-1.amazonaws.com")
    }

    @Test
    func readsJSONWhenItIsSaidToBeJSON() async {
        let body: JSONValue = [
            "GetCallerIdentityResponse": [
                "GetCallerIdentityResult": [
                    "Account": "111122223333", "Arn": .string(Self.arn), "UserId": "AROA:s",
                ]
            ]
        ]
        let (answer, _) = await Self.verify(.text(body.text(), type: "application/json"))
        #expect(answer == .identity(CallerIdentity(account: "111122223333", arn: Self.arn, userID: "AROA:s")))
    }

    static let unreadable: [(body: String, type: String)] = [
        (xml(result), "text/html"),
        (xml(result), "application/json"),
        (xml(result) + "<x/>", "text/xml"),
        (xml(result + "<Arn>arn:aws:sts::111122223333:assumed-role/admin/x</Arn>"), "text/xml"),
        (xml(result.replacing("111122223333</Account>", with: "999999999999</Account>")), "text/xml"),
        (xml("<Arn>x</Arn><UserId>u</UserId><Account>111122223333</Account>"), "text/xml"),
        ("<Other>\(xml(result))</Other>", "text/xml"),
        ("", "text/xml"),
        (xml(result) + String(repeating: " ", count: 64 * 1024), "text/xml"),
        (#"{"GetCallerIdentityResponse":{},"GetCallerIdentityResponse":{}}"#, "application/json"),
    ]

    @Test(arguments: unreadable)
    func takesNoIdentityFromAnAnswerThatIsNotOne(_ row: (body: String, type: String)) async {
        let (answer, _) = await Self.verify(.text(row.body, type: row.type))
        guard case .unavailable = answer else {
            Issue.record("\(answer)")
            return
        }
    }

    @Test(arguments: [("SignatureDoesNotMatch", 403), ("ExpiredToken", 403), ("InvalidClientTokenId", 403)])
    func tellsARefusalFromAFailure(_ code: String, _ status: Int) async {
        let body = "<ErrorResponse><Error><Code>\(code)</Code><Message>m</Message></Error></ErrorResponse>"
        let (answer, _) = await Self.verify(.text(body, type: "text/xml", status: status))
        guard case .refused(let error) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(error.code == code)
    }

    @Test(arguments: [429, 500, 503, 301, 204])
    func neverTakesAnythingBut200ForAnAnswer(_ status: Int) async {
        let (answer, _) = await Self.verify(.text(Self.xml(Self.result), type: "text/xml", status: status))
        guard case .unavailable = answer else {
            Issue.record("\(answer)")
            return
        }
    }
}
