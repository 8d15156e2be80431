import AWSClient
import Foundation
import Testing

@testable import TulleCLI

/// Exports of App Mesh, written out so that a test can be read without a file.
enum Exports {
    /// A node that serves `host`, with more members of its spec and its listener as JSON.
    static func node(
        _ name: String,
        host: String? = nil,
        port: Int = 8080,
        application: String = "http",
        listener: String = "",
        spec: String = ""
    ) -> String {
        let members = [
            "\"listeners\": [{\"portMapping\": {\"port\": \(port), \"protocol\": \"\(application)\"}\(listener)}]",
            "\"serviceDiscovery\": {\"dns\": {\"hostname\": \"\(host ?? "\(name).bazaar.local")\"}}",
        ]
        return self.resource("virtualNode", name, "{\(members.joined(separator: ", "))\(spec)}")
    }

    /// A virtual service that a router or a node provides.
    static func service(_ name: String, router: String? = nil, node: String? = nil) -> String {
        if let router {
            let provider = "{\"virtualRouter\": {\"virtualRouterName\": \"\(router)\"}}"
            return self.resource("virtualService", name, "{\"provider\": \(provider)}")
        }
        guard let node else { return self.resource("virtualService", name, "{}") }
        return self.resource(
            "virtualService",
            name,
            "{\"provider\": {\"virtualNode\": {\"virtualNodeName\": \"\(node)\"}}}"
        )
    }

    /// A router that listens on one port.
    static func router(_ name: String, port: Int = 8080, application: String = "http") -> String {
        let mapping = "{\"portMapping\": {\"port\": \(port), \"protocol\": \"\(application)\"}}"
        return self.resource("virtualRouter", name, "{\"listeners\": [\(mapping)]}")
    }

    /// A route; `spec` is the whole of its spec.
    static func route(_ name: String, of router: String = "price", _ spec: String) -> String {
        self.resource("route", name, spec, more: ", \"virtualRouterName\": \"\(router)\"")
    }

    /// An HTTP route to one node with this match, and more members beside it.
    static func httpRoute(_ name: String, match: String, more: String = "", priority: Int? = nil) -> String {
        let first = priority.map { "\"priority\": \($0), " } ?? ""
        let action = "{\"weightedTargets\": [{\"virtualNode\": \"v1\", \"weight\": 1}]}"
        return self.route(name, "{\(first)\"httpRoute\": {\"match\": \(match), \"action\": \(action)\(more)}}")
    }

    /// Any resource of mesh `bazaar`.
    static func resource(_ kind: String, _ name: String, _ spec: String, more: String = "") -> String {
        let own = kind == "mesh" ? "" : "\"\(kind)Name\": \"\(name)\", "
        return """
            {"\(kind)": {"meshName": "bazaar", \(own)"spec": \(spec),
              "metadata": {"version": 1}, "status": {"status": "ACTIVE"}\(more)}}
            """
    }

    /// A router `price` with these routes, its virtual service, and the nodes v1 and v2.
    static func priced(_ routes: [String]) -> [String] {
        [self.node("v1"), self.node("v2"), self.service("price.bazaar.local", router: "price"), self.router("price")]
            + routes
    }

    /// A task definition whose proxy is of a node.
    static func definition(
        _ family: String,
        node: String,
        role: String? = nil,
        app: String = "",
        properties: [String: String] = [:]
    ) -> String {
        var all = ["ProxyIngressPort": "15000", "ProxyEgressPort": "15001", "AppPorts": "8080", "IgnoredUID": "1337"]
        all.merge(properties) { $1 }
        let list = all.sorted { $0.key < $1.key }.map { "{\"name\": \"\($0.key)\", \"value\": \"\($0.value)\"}" }
        return """
            {"taskDefinition": {
              "family": "\(family)", "revision": 4, "networkMode": "awsvpc", "memory": "512",
              "taskDefinitionArn": "arn:aws:ecs:eu-west-1:111122223333:task-definition/\(family):4",
              "taskRoleArn": "\(role ?? "arn:aws:iam::111122223333:role/\(family)")",
              "aFieldOfTheYear2031": {"depth": [1.50, 2e3, null]},
              "containerDefinitions": [
                {"name": "app", "image": "app:1", "portMappings": [{"containerPort": 8080}],
                 "dependsOn": [{"containerName": "envoy", "condition": "HEALTHY"}]\(app)},
                {"name": "envoy", "image": "envoy:1", "user": "1337",
                 "environment": [{"name": "APPMESH_RESOURCE_ARN", "value": "mesh/bazaar/virtualNode/\(node)"}]}
              ],
              "proxyConfiguration": {"type": "APPMESH", "containerName": "envoy",
                "properties": [\(list.joined(separator: ", "))]}
            }}
            """
    }

    /// A control plane for tokens.
    static func definitions() throws -> DefinitionTranslation {
        let facts = try ControlPlaneFacts([
            "url": "https://tulled.example:15012", "trustBundle": "-----BEGIN CERTIFICATE-----\n",
            "trustDomain": "example.org", "network": "", "cluster": "ecs", "meshDomain": "mesh.internal",
            "audience": "example.org/tulled",
        ])
        return DefinitionTranslation(facts: facts, image: "ztunnel:1", namespace: try #require(MeshName("shop")))
    }

    /// Runs a migration of these documents.
    static func migrate(_ documents: [String], withDefinitions: Bool = false) throws -> AppMeshMigration.Output {
        var migration = AppMeshMigration(namespace: try #require(MeshName("shop")))
        if withDefinitions { migration.definitions = try self.definitions() }
        return try migration.run([
            ConfigurationInput(name: "x.json", text: documents.joined(separator: "\n"))
        ])
    }
}

extension AppMeshMigration.Output {
    /// A file's text; empty when it was not written.
    func text(_ path: String) -> String { self.files.first { $0.path == path }?.text ?? "" }

    /// The lines of the report of a weight.
    func lines(_ weight: MigrationReport.Weight) -> [String] {
        self.report.findings.filter { $0.weight == weight }.map(\.line)
    }
}
