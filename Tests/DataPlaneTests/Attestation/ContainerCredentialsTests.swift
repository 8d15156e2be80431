import Testing

@testable import DataPlane

struct ContainerCredentialsTests {
    private let good = #"""
        {"RoleArn":"arn:aws:iam::123456789012:role/shell","AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"s3cr3t/+",
         "Token":"t0k3n==","Expiration":"2026-01-02T03:04:05Z"}
        """#

    @Test func fieldsComeOut() throws {
        let credentials = try ContainerCredentials(body: Array(good.utf8))
        // What the secret fields hold shows in the signatures of TaskAttestationTests.
        #expect("\(credentials)".contains("ASIAEXAMPLE"))
        #expect(credentials.expiration == 1_767_323_045)
    }

    @Test func secretsStayHidden() throws {
        let credentials = try ContainerCredentials(body: Array(good.utf8))
        var dumped = ""
        dump(credentials, to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), dumped] {
            #expect(!text.contains("s3cr3t"))
            #expect(!text.contains("t0k3n"))
        }
    }

    @Test(
        arguments: [
            ("2026-01-02T03:04:05.123456Z", 1_767_323_045), ("2026-01-02T03:04:05+01:00", 1_767_319_445),
            ("2026-01-02T03:04:05-00:30", 1_767_324_845), ("2026-02-30T03:04:05Z", nil), ("2026-01-02 03:04:05Z", nil),
            ("2026-01-02T03:04:05", nil), ("2026-01-02T03:04:05.Z", nil), ("2026-01-02T03:04:05+1:00", nil),
            ("2026-01-02T03:04:05Zx", nil), ("20260102T030405Z", nil), ("é026-01-02T03:04:05Z", nil), ("", nil),
        ] as [(String, Int64?)]
    )
    func timesAreReadStrictly(_ text: String, _ seconds: Int64?) {
        let body = good.replacing("2026-01-02T03:04:05Z", with: text)
        #expect((try? ContainerCredentials(body: Array(body.utf8)))?.expiration == seconds)
    }

    @Test(arguments: ["AccessKeyId", "SecretAccessKey", "Token", "Expiration"])
    func missingAndUnfitFieldsAreNamed(_ field: String) {
        for body in [
            good.replacing("\"\(field)\"", with: "\"x\""),
            good.replacing("\"\(field)\":\"", with: "\"\(field)\":\"\\n"),
        ] {
            let error = #expect(throws: AttestationError.self) { try ContainerCredentials(body: Array(body.utf8)) }
            #expect(error?.description.contains(field) == true)
            #expect(error?.description.contains("s3cr3t") == false)
        }
    }

    @Test(arguments: ["", "[]", "<html>", "{"])
    func otherBodiesAreRefused(_ body: String) {
        #expect(throws: AttestationError.self) { try ContainerCredentials(body: Array(body.utf8)) }
    }

    @Test func theEndpointsOwnErrorIsShown() {
        let body =
            #"{"code":"InvalidIdInRequest","message":"Credentials not found","HTTPErrorCode":400}"#
        let error = #expect(throws: AttestationError.self) { try ContainerCredentials(body: Array(body.utf8)) }
        #expect(error?.description.contains("InvalidIdInRequest") == true)
    }
}
