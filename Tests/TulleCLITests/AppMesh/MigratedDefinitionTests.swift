import AWSClient
import Foundation
import Testing

@testable import TulleCLI

@Suite("Task definitions of App Mesh")
struct MigratedDefinitionTests {
    private func migrated(_ definition: String) throws -> (JSONValue, AppMeshMigration.Output) {
        let output = try Exports.migrate([Exports.node("v1"), definition], withDefinitions: true)
        return (try JSONValue(parsing: output.text("taskdefinitions/price.json")), output)
    }

    @Test("swap the proxy for a ztunnel and keep every other byte")
    func swapped() throws {
        let source = Exports.definition("price", node: "v1", app: ", \"later\": 1.0")
        let (after, output) = try self.migrated(source)
        let containers = try #require(after["containerDefinitions"]?.array)
        #expect(containers.compactMap { $0["name"]?.string } == ["app", "ztunnel"])
        #expect(after["proxyConfiguration"]?["containerName"]?.string == "ztunnel")
        #expect(containers[0]["dependsOn"]?.text() == #"[{"containerName":"ztunnel","condition":"HEALTHY"}]"#)
        #expect(after.text().contains(#""aFieldOfTheYear2031":{"depth":[1.50,2e3,null]}"#))

        // Taken out again, only App Mesh's own parts are gone.
        let withdrawn = try Withdrawal.apply(to: try TaskDefinition(after)).definition.document
        var before = try TaskDefinition(try JSONValue(parsing: source))
        before.containers.removeAll { $0.name == "envoy" }
        var expected = before.document
        expected["proxyConfiguration"] = nil
        var app = try #require(expected["containerDefinitions"]?[0])
        app["dependsOn"] = nil
        expected["containerDefinitions"] = .array([app])
        #expect(withdrawn.text() == expected.text())
        #expect(output.report.count(.lost) == 0)
        #expect(output.report.steps.map(\.file) == ["taskdefinitions/price.json"])
        #expect(output.text("mesh/bindings.yaml").contains("role: arn:aws:iam::111122223333:role/price"))
    }

    @Test("keep what the redirect was told, as far as it goes")
    func redirect() throws {
        let (after, output) = try self.migrated(
            Exports.definition(
                "price",
                node: "v1",
                properties: [
                    "AppPorts": "9090,8080,15008", "EgressIgnoredPorts": "22,x", "IgnoredGID": "5",
                    "EgressIgnoredIPs": "169.254.170.2,169.254.169.254,10.0.0.1",
                ]
            )
        )
        let properties = after["proxyConfiguration"]?["properties"]?.text() ?? ""
        #expect(properties.contains(#"{"name":"AppPorts","value":"9090,8080"}"#))
        #expect(properties.contains(#"{"name":"EgressIgnoredPorts","value":"22"}"#))
        let changed = output.lines(.changed)
        for part in ["EgressIgnoredIPs: 10.0.0.1", "IgnoredGID", "\"x\" is no port", "AppPorts 15008"] {
            #expect(changed.contains { $0.contains(part) }, "\(part)")
        }
    }

    @Test("that can't be enrolled are told, with the way out")
    func refused() throws {
        let host = Exports.definition("price", node: "v1").replacing("\"awsvpc\"", with: "\"host\"")
        let output = try Exports.migrate([Exports.node("v1"), host], withDefinitions: true)
        #expect(output.text("taskdefinitions/price.json").isEmpty)
        #expect(output.lines(.lost).contains { $0.contains("network_mode_unsupported") && $0.contains("x.json") })
    }

    @Test("that share a role share a service account")
    func roles() throws {
        let role = "arn:aws:iam::111122223333:role/all"
        let output = try Exports.migrate(
            [
                Exports.node("a"), Exports.node("b"), Exports.definition("a", node: "a", role: role),
                Exports.definition("b", node: "b", role: role),
            ],
            withDefinitions: true
        )
        #expect(output.text("mesh/bindings.yaml").components(separatedBy: "kind: ").count == 2)
        let tags = output.report.steps.map { step in step.tags.first { $0.key == "tulle/service-account" }?.value }
        #expect(tags == ["a", "a"])
    }

    @Test("of a gateway, of nobody and of two are each told")
    func others() throws {
        let gateway = Exports.definition("door", node: "x").replacing("virtualNode/x", with: "virtualGateway/door")
        let plain = "{\"family\": \"cron\", \"containerDefinitions\": [{\"name\": \"job\"}]}"
        let output = try Exports.migrate([Exports.node("v1"), gateway, plain], withDefinitions: true)
        #expect(output.lines(.lost).contains { $0.contains("taskDefinition/door") })
        #expect(output.lines(.note).contains { $0.contains("taskDefinition/cron") })
        #expect(output.report.steps.isEmpty)
        for wrong in [
            [Exports.definition("a", node: "v2")],
            [Exports.definition("a", node: "v1"), Exports.definition("b", node: "v1")],
            [Exports.definition("a", node: "v1"), Exports.definition("a", node: "v1")],
        ] {
            #expect(throws: CommandFailure.self) { try Exports.migrate([Exports.node("v1")] + wrong) }
        }
    }
}
