import AWSClient
import Testing

@testable import ECSDiscovery

struct DefinitionFactsTests {
    private static func facts(_ definition: String) throws -> DefinitionFacts {
        var value = try JSONValue(parsing: definition)
        value["taskDefinitionArn"] = "arn:aws:ecs:us-east-1:111122223333:task-definition/web:7"
        value["family"] = "web"
        value["revision"] = 7
        return DefinitionFacts(try #require(ECSTaskDefinition(value)), tagPrefix: "tulle/")
    }

    @Test
    func takesTCPPortMappingsOfAllContainersButTheProxy() throws {
        let facts = try Self.facts(
            """
            {"containerDefinitions":[
            {"name":"app","portMappings":[{"name":"web","containerPort":8080,"appProtocol":"http"},{"containerPort":53,
            "protocol":"udp"},{"containerPortRange":"100-200"},{"containerPort":70000},{"containerPort":0}]},
            {"name":"side","portMappings":[{"containerPort":9000,"appProtocol":"grpc"},{"containerPort":8080}]},
            {"name":"ztunnel","portMappings":[{"containerPort":15008}]}]}
            """
        )
        #expect(facts.ports.map(\.description) == ["http:8080:8080", "grpc:9000:9000"])
        #expect(facts.ports.map(\.name) == ["web", "grpc-9000"])
    }

    @Test
    func takesDockerLabelsWhenThereAreNoMappings() throws {
        let facts = try Self.facts(
            #"{"containerDefinitions":[{"name":"app","dockerLabels":{"tulle/ports":"http:80:8080"}}]}"#
        )
        #expect(facts.ports.map(\.description) == ["http:80:8080"])
        #expect(facts.ports.first?.source == .dockerLabel)
        #expect(try Self.facts(#"{"containerDefinitions":[{"name":"app"}]}"#).ports.isEmpty)
    }

    @Test(arguments: [
        (#"{"containerDefinitions":[{"name":"app"}]}"#, nil),
        (#"{"containerDefinitions":[{"name":"ztunnel"}]}"#, CaptureMode.socks),
        (
            #"{"containerDefinitions":[{"name":"ztunnel"}],"proxyConfiguration":{"type":"APPMESH","containerName":"ztunnel"}}"#,
            .appmesh
        ),
        (
            #"{"containerDefinitions":[{"name":"envoy"}],"proxyConfiguration":{"type":"APPMESH","containerName":"envoy"}}"#,
            nil
        ),
        (
            #"{"containerDefinitions":[{"name":"ztunnel"},{"name":"i","linuxParameters":{"capabilities":{"add":["NET_ADMIN"]}}}]}"#,
            .netadmin
        ),
        (#"{"containerDefinitions":[{"name":"app","dockerLabels":{"tulle/dataplane":"daemon"}}]}"#, .daemon),
        (#"{"containerDefinitions":[{"name":"app","dockerLabels":{"istio.io/dataplane-mode":"ambient"}}]}"#, .daemon),
    ])
    func seesHowATaskCaptures(_ definition: String, _ expected: CaptureMode?) throws {
        let facts = try Self.facts(definition)
        #expect(facts.captureMode == expected)
        #expect(facts.isEnrolled == (expected != nil))
    }
}
