import AWSClient
import AWSSignature
import AWSTestSupport
import CertificateAuthority
import Foundation
import Logging
import Testing

/// The whole proof with real signatures, judged by an STS that is not ours.
@Suite(.enabled(if: MotoServer.isInstalled), .timeLimit(.minutes(3))) struct RealSignatureTests {
    private struct Unexpected: Error {}

    private func send(
        _ transport: NetworkTransport,
        _ url: String,
        form: String,
        service: String = "sts"
    ) async throws -> XMLElement {
        let response = try await transport.send(
            TransportRequest(
                method: "POST",
                url: url,
                headers: [
                    (name: "content-type", value: "application/x-www-form-urlencoded"),
                    // moto chooses the service by the scope, and does not check signatures yet.
                    (
                        name: "authorization",
                        value: "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/\(service)/aws4_request, "
                            + "SignedHeaders=host, Signature=0"
                    ),
                ],
                body: Array(form.utf8)
            ),
            deadline: .seconds(20),
            bodyLimit: 1 << 20
        )
        guard response.status == 200 else { throw Unexpected() }
        return try XMLElement(parsing: response.body)
    }

    @Test func aTasksOwnSignatureOpensTheDoorAndAForgedOneDoesNot() async throws {
        let moto = try await MotoServer.start()
        let transport = NetworkTransport()
        let answer = try await self.send(
            transport,
            moto.url,
            form: "Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::111122223333:role/echo-role"
                + "&RoleSessionName=\(FakeAWS.taskID)"
        )
        let given = try #require(answer["AssumeRoleResult"]?["Credentials"])
        let credentials = SignatureCredentials(
            accessKeyID: try #require(given["AccessKeyId"]?.text),
            secretAccessKey: try #require(given["SecretAccessKey"]?.text),
            sessionToken: try #require(given["SessionToken"]?.text)
        )
        let switched = try await transport.send(
            TransportRequest(
                method: "POST",
                url: "\(moto.url)/moto-api/reset-auth",
                headers: [],
                body: [UInt8(ascii: "0")]
            ),
            deadline: .seconds(20),
            bodyLimit: 1 << 16
        )
        #expect(switched.status == 200, "from here on signatures are checked")

        let directory = try TemporaryDirectory()
        let state = try StateDirectory(path: directory.path)
        let authority = try SigningAuthority(
            state: state,
            trustDomain: "cluster.local",
            lifetimes: AuthorityLifetimes(),
            now: Date()
        )
        let attestor = ECSAttestor(
            policy: try TestMesh.policy(),
            verifier: SecurityTokenVerifier(
                transport: transport,
                endpoints: ["us-east-1": moto.url],
                deadline: .seconds(20)
            ),
            tasks: FakeAWS()
        )
        let issuer = CertificateIssuer(
            authority: authority,
            attestor: attestor,
            journal: IssuanceJournal(state: state, logger: Logger(label: "test"))
        )
        func refusal(_ call: CertificateIssuer.Call) async throws -> IssuanceRefusal.Code? {
            do {
                _ = try await issuer.answer(call, now: Date())
                return nil
            } catch let refusal as IssuanceRefusal {
                return refusal.code
            }
        }

        let honest = try TestMesh.call { $0.credentials = credentials }
        #expect(try await refusal(honest) == nil)
        #expect(try await refusal(honest) == .attestationReplayed)

        // Signed for another key, with ours written in afterwards.
        let stolen = try TestMesh.call { attestation in
            attestation.credentials = credentials
            attestation.replaced["x-tulle-key-sha256"] = attestation.keyDigest
            attestation.keyDigest = String(repeating: "0", count: 64)
        }
        #expect(try await refusal(stolen) == .stsRefused)

        let wrongSecret = try TestMesh.call { attestation in
            attestation.credentials = SignatureCredentials(
                accessKeyID: credentials.accessKeyID,
                secretAccessKey: "wrong",
                sessionToken: credentials.sessionToken
            )
        }
        #expect(try await refusal(wrongSecret) == .stsRefused)

        let unknownKey = try TestMesh.call { attestation in
            attestation.credentials = SignatureCredentials(
                accessKeyID: "ASIAUNKNOWNUNKNOWN00",
                secretAccessKey: "wrong",
                sessionToken: "none"
            )
        }
        #expect(try await refusal(unknownKey) == .stsRefused)
        await transport.shutdown()
    }
}
