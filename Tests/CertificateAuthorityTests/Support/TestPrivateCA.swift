import AWSClient
import AWSTestSupport
import CertificateAuthority
import Foundation
import Logging
import MeshModel

/// An authority below a fake Private CA, in a directory of its own.
struct TestPrivateCA {
    let directory: TemporaryDirectory
    let state: StateDirectory
    let fake: FakePrivateCA
    let transport: AWSTestSupport.FakeAWS
    let pauses = CountedPauses()
    let now = Date()

    init() throws {
        self.directory = try TemporaryDirectory()
        self.state = try StateDirectory(path: self.directory.path)
        self.fake = try FakePrivateCA()
        self.transport = self.fake.transport
    }

    func keeper(
        _ state: StateDirectory? = nil,
        now: Date? = nil,
        chance: Double = 0,
        bend: (inout PrivateCASettings) -> Void = { _ in }
    ) async throws -> PrivateCAKeeper {
        var settings = try PrivateCASettings(authority: FakePrivateCA.arn)
        settings.intermediateLifetime = .seconds(9 * 86_400)
        bend(&settings)
        let client = AWSClient(
            try AWSConfiguration.test(),
            transport: self.transport,
            logger: Logger(label: "test")
        )
        return try await PrivateCAKeeper(
            conversation: PrivateCAConversation(
                client: client,
                settings: settings,
                sleep: { try await self.pauses.sleep($0) }
            ),
            state: state ?? self.state,
            trustDomain: "cluster.local",
            lifetimes: AuthorityLifetimes(),
            now: now ?? self.now,
            chance: { chance },
            logger: Logger(label: "test")
        )
    }

    func issue(_ keeper: PrivateCAKeeper, now: Date? = nil) throws -> IssuedCertificate {
        try keeper.authority.issue(
            for: try SPIFFEID(parsing: "spiffe://cluster.local/ns/shop/sa/echo"),
            request: try SigningRequest(pem: try TestRequest.pem()),
            lifetime: nil,
            now: now ?? self.now
        )
    }

    /// How often a certificate was asked for.
    var count: Int { self.transport.actions.filter { $0 == "IssueCertificate" }.count }
}
