import ArgumentParser
import Foundation
import MeshConfig
import Testing

@testable import TulleCLI

@Suite("Exports of App Mesh")
struct AppMeshExportTests {
    @Test("are taken one by one, one after the other and as a list")
    func forms() throws {
        let node = Exports.node("v1")
        for text in [node, "\(node)\n\(Exports.node("v2"))", "[\(node), \(Exports.node("v2"))]"] {
            let export = try AppMeshExport([ConfigurationInput(name: "x.json", text: text)])
            #expect(export.all(.virtualNode).count == (text == node ? 1 : 2))
        }
    }

    @Test(
        "that can't be read stop it, with file and field",
        arguments: [
            ("", "x.json: JSON ends too early"),
            ("{", "x.json: JSON ends too early"),
            ("{} }", "x.json: "),
            ("{}", "x.json: the document: must have one of mesh, virtualNode"),
            ("[]", "the exports hold no resource"),
            ("{\"virtualNode\": 7}", "x.json: virtualNode: must be an object"),
            ("{\"virtualNode\": {}}", "x.json: virtualNode: lacks \"virtualNodeName\""),
            (Exports.node("v1", port: 0), "x.json: virtualNode.spec.listeners[0].portMapping.port: must be a whole"),
            (Exports.node("v1", application: "udp"), "listeners[0].portMapping.protocol: must be one of http, http2"),
            (Exports.node("v1", host: "no name"), "virtualNode.spec.serviceDiscovery.dns.hostname: must be a DNS name"),
            (Exports.node("v1") + Exports.node("v1"), "virtualNode/v1 is exported twice, in x.json and in x.json"),
            (
                Exports.node("v1") + Exports.node("v2").replacing("bazaar\"", with: "other\""),
                "of several meshes: bazaar"
            ),
            ("{\"taskDefinition\": {\"family\": \"a\"}}", "x.json: \"containerDefinitions\" is missing"),
        ]
    )
    func wrong(_ text: String, _ message: String) throws {
        let failure = #expect(throws: CommandFailure.self) { try Exports.migrate([text]) }
        #expect(failure?.message.contains(message) == true, "\(failure?.message ?? "none")")
    }

    @Test("of deeply nested or endless JSON are refused, not followed")
    func hostile() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: CommandFailure.self) { try Exports.migrate([deep]) }
        let many = String(repeating: "{}", count: ExportDocuments.most + 1)
        #expect(throws: CommandFailure.self) { try Exports.migrate([many]) }
    }

    @Test("of several meshes give the one that is named; what was deleted is left out")
    func chosen() throws {
        let other = Exports.node("v2").replacing("\"bazaar\"", with: "\"other\"")
        let inputs = [ConfigurationInput(name: "x.json", text: Exports.node("v1") + other)]
        #expect(try AppMeshExport(inputs, mesh: "other").all(.virtualNode).map(\.name) == ["v2"])
        #expect(throws: CommandFailure.self) { try AppMeshExport(inputs, mesh: "third") }
        let deleted = Exports.node("v2").replacing("ACTIVE", with: "DELETED")
        let output = try Exports.migrate([Exports.node("v1"), deleted])
        #expect(output.lines(.note).contains { $0.contains("virtualNode/v2") && $0.contains("deleted") })
    }

    private static var root: URL {
        URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
    }

    @Test("of the example become configuration and definitions, with nothing lost")
    func example() async throws {
        let out = FileManager.default.temporaryDirectory.appending(path: "tulle-migrate-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: out) }
        let example = Self.root.appending(path: "examples/appmesh").path
        let words = [
            "migrate", "appmesh", "-f", "\(example)/exports", "--out", out, "-n", "bazaar", "--image", "ztunnel:1",
            "--bootstrap-facts", "\(example)/bootstrap.json", "-o", "json",
        ]
        let command = try #require(try TulleCommand.parseAsRoot(words) as? MigrateCommand.AppMesh)
        try await command.run()
        let local = LocalConfiguration(try ConfigurationInput.read("\(out)/mesh"))
        #expect(local.diagnostics.isEmpty)
        #expect(local.keys.count == 13)
        for name in ["front", "price-v1", "price-v2", "stock"] {
            let definition = try TaskDefinition(contentsOf: "\(out)/taskdefinitions/\(name).json")
            #expect(definition.containers.map(\.name) == [name, "ztunnel"])
        }
        let report = try String(contentsOfFile: "\(out)/report.txt", encoding: .utf8)
        #expect(report.hasSuffix("0 lost, 3 changed, 6 note\n"))
        #expect(report.contains("key=tulle/hostname,value=price-v2.bazaar.local price.bazaar.local"))
        #expect(report.contains("aws ecs update-service --cluster bazaar --service price-v1"))
        // A second run touches nothing unless it is told to.
        await #expect(throws: (any Error).self) { try await command.run() }
        let again = try #require(try TulleCommand.parseAsRoot(words + ["--overwrite"]) as? MigrateCommand.AppMesh)
        try await again.run()
    }
}
