import AWSClient
import AWSTestSupport
import CertificateAuthority
import Crypto
import Foundation
import Logging
import MeshModel
import SwiftASN1
import Testing
import X509

/// Both ways against moto's Private CA: real signatures by an RSA key that somebody else holds.
@Suite(.enabled(if: MotoServer.isInstalled, "moto_server is not installed"))
struct PrivateCAMotoTests {
    private static let uri = "spiffe://cluster.local/ns/shop/sa/echo"

    private func client() async throws -> AWSClient {
        let moto = try await MotoServer.running()
        return AWSClient(try .test(["AWS_ENDPOINT_URL": moto.url]), logger: Logger(label: "test"))
    }

    /// moto signs every leaf for a year, as long as its root lives, and calls itself short-lived. All else about the leaf
    /// passes; a lifetime that nobody granted does not.
    @Test func aLeafThatMotoLetsLiveTooLongReachesNobody() async throws {
        let client = try await self.client()
        var settings = try PrivateCASettings(authority: try await client.privateCA().makeRoot(name: "leaf test"))
        settings.leafTemplate = .csrPassthrough
        settings.leafTemplateARN = "arn:aws:acm-pca:::template/EndEntityCertificate/V1"
        var lifetimes = AuthorityLifetimes()
        lifetimes.workloadDefault = .seconds(7 * 86_400)
        let issuer = try await PrivateCALeafIssuer(
            conversation: PrivateCAConversation(client: client, settings: settings),
            trustDomain: "cluster.local",
            lifetimes: lifetimes,
            now: Date()
        )
        let extensions = try Certificate.Extensions {
            Critical(SubjectAlternativeNames([.uniformResourceIdentifier(Self.uri)]))
        }
        let request = try CertificateSigningRequest(
            version: .v1,
            subject: DistinguishedName(),
            privateKey: Certificate.PrivateKey(P256.Signing.PrivateKey()),
            attributes: try CertificateSigningRequest.Attributes([.init(ExtensionRequest(extensions: extensions))]),
            signatureAlgorithm: .ecdsaWithSHA256
        )
        let error = await #expect(throws: AuthorityError.self) {
            try await issuer.issue(
                for: try SPIFFEID(parsing: Self.uri),
                request: try SigningRequest(pem: try request.serializeAsPEM().pemString),
                lifetime: nil,
                now: Date()
            )
        }
        #expect(error?.code == .privateCAAnswerInvalid)
        #expect(error?.message.contains("was asked for") == true, "a year is more than the week that was asked for")
        await client.shutdown()
    }

    /// moto's certificate of a subordinate's template is no authority's. Signing with it would give chains that no peer
    /// accepts, so it is refused, by name.
    @Test func anIntermediateSignedByMotoIsRefusedForWhatItIs() async throws {
        let client = try await self.client()
        let arn = try await client.privateCA().makeRoot(name: "intermediate test")
        let directory = try TemporaryDirectory()
        let state = try StateDirectory(path: directory.path)
        let conversation = PrivateCAConversation(client: client, settings: try PrivateCASettings(authority: arn))
        let error = await #expect(throws: AuthorityError.self) {
            try await PrivateCAKeeper(
                conversation: conversation,
                state: state,
                trustDomain: "cluster.local",
                lifetimes: AuthorityLifetimes(),
                now: Date(),
                logger: Logger(label: "test")
            )
        }
        #expect(error?.code == .privateCAAnswerInvalid)
        #expect(error?.message.contains("basicConstraints") == true)
        // Its template of a root gives an authority without a path length, which may sign.
        var settings = try PrivateCASettings(authority: arn)
        settings.intermediateTemplate = "arn:aws:acm-pca:::template/RootCACertificate/V1"
        let keeper = try await PrivateCAKeeper(
            conversation: PrivateCAConversation(client: client, settings: settings),
            state: state,
            trustDomain: "cluster.local",
            lifetimes: AuthorityLifetimes(),
            now: Date().addingTimeInterval(2),
            logger: Logger(label: "test")
        )
        let issued = try keeper.authority.issue(
            for: try SPIFFEID(parsing: Self.uri),
            request: try SigningRequest(pem: try TestRequest.pem()),
            lifetime: nil,
            now: Date().addingTimeInterval(2)
        )
        #expect(try ChainCheck.hasShape(issued.chain, authorities: 1, roots: 1))
        #expect(try await ChainCheck.holds(issued.chain, at: Date().addingTimeInterval(2)))
        await client.shutdown()
    }
}
