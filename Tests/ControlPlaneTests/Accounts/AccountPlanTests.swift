import AWSClient
import AWSTestSupport
import CertificateAuthority
import ControlPlane
import ECSDiscovery
import Logging
import MeshConfig
import MeshModel
import Testing

@Suite struct AccountPlanTests {
    static func resource(_ name: String, _ account: Declared.ECSAccount) -> DeclaredResource {
        DeclaredResource(
            apiVersion: "tulle.mesh/v1alpha1",
            metadata: ResourceMetadata(name: name, namespace: ""),
            spec: .ecsAccount(account),
            origin: ResourceOrigin(file: "-", line: 1)
        )
    }

    static func settings() -> TulledConfiguration {
        var settings = TulledConfiguration()
        settings.regions = ["us-east-1", "eu-west-1"]
        settings.clusters = ["c1"]
        return settings
    }

    @Test func withoutResourcesTheSettingsCount() {
        var settings = Self.settings()
        settings.suspiciousLoss = 50
        let plan = AccountPlan(settings, accounts: ["111122223333"])
        #expect(plan.places.allSatisfy { $0.configuration.suspiciousLoss == 0.5 })
        #expect(plan.places.map(\.name) == ["eu-west-1", "us-east-1"])
        #expect(plan.places.allSatisfy { $0.role == nil && $0.account == nil && $0.configuration.clusters == ["c1"] })
        let place = AttestationPlace(
            accounts: ["111122223333"],
            regions: ["us-east-1", "eu-west-1"],
            clusters: ["c1"]
        )
        #expect(plan.attested == [place])
    }

    @Test func resourcesTakeTheSettingsPlace() throws {
        let role = "arn:aws:iam::444455556666:role/tulle"
        let account = Declared.ECSAccount(
            account: "444455556666",
            role: role,
            externalID: "secret",
            regions: ["eu-west-1", "us-east-1"],
            domain: "shop.internal",
            network: "blue",
            clusters: .init(names: [], tags: ["team": "shop"]),
            namespaces: ["shop", "shop-*"]
        )
        let plan = AccountPlan(
            Self.settings(),
            accounts: ["111122223333"],
            resources: [Self.resource("shop", account)]
        )
        #expect(plan.places.map(\.name) == ["shop/eu-west-1", "shop/us-east-1"])
        let first = try #require(plan.places.first)
        #expect(first.role == AssumedRole(arn: role, sessionName: "tulle-ecs", externalID: "secret"))
        #expect(first.account == "444455556666" && first.configuration.account == "444455556666")
        #expect(first.configuration.clusterTags == ["team": "shop"] && first.configuration.clusters == [])
        #expect(first.configuration.domain == "shop.internal" && first.configuration.network == "blue")
        #expect(first.configuration.namespaces.list == "shop, shop-*")
        let fake = AWSTestSupport.FakeAWS { _ in .json([:]) }
        let client = AWSClient(try .test(), transport: fake, logger: Logger(label: "test"))
        #expect(plan.lookups { _ in client }.map(\.namespaces.list) == ["shop, shop-*"])
        #expect(plan.attested.map(\.accounts) == [["444455556666"]], "who is not declared may not join any more")
    }
}
