import AWSClient
import MeshConfig
import Testing

@testable import TulleCLI

@Suite("tulle validate, delete, diff and schema")
struct LocalConfigurationTests {
    private static let namespace = """
        apiVersion: v1
        kind: Namespace
        metadata:
          name: shop
          labels:
            team: a

        """

    private static let entry = """
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata:
          name: pay
          namespace: shop
        spec:
          hosts: [pay.example.com]
          resolution: DNS
          ports:
          - number: 443
            name: tls
            protocol: TLS

        """

    private static func input(_ texts: String..., name: String = "mesh.yaml") -> ConfigurationInput {
        ConfigurationInput(name: name, text: texts.joined(separator: "---\n"))
    }

    @Test("validate counts what is sound and names what is not")
    func validate() throws {
        let sound = LocalConfiguration([Self.input(Self.namespace, Self.entry)])
        #expect(sound.count(.error) == 0)
        #expect(sound.keys.map(\.description) == ["Namespace/shop", "ServiceEntry/shop/pay"])
        #expect(ValidateResources.text(sound).hasSuffix("2 resources, 0 errors, \(sound.count(.warning)) warnings"))

        let broken = LocalConfiguration([Self.input(Self.namespace, Self.entry.replacing("443", with: "0"))])
        #expect(broken.resources.map(\.key.description) == ["Namespace/shop"])
        #expect(broken.keys.count == 2)
        let lines = ValidateResources.text(broken).split(separator: "\n")
        #expect(lines[0].hasPrefix("mesh.yaml:17: error [out_of_range]: spec.ports[0].number: "))
        let json = ValidateResources.json(broken)
        #expect(json["diagnostics"]?[0]?["line"] == 17)
        #expect(json["diagnostics"]?[0]?["code"] == "out_of_range")
        #expect(json["resources"] == ["Namespace/shop", "ServiceEntry/shop/pay"])
    }

    @Test("a key that two files have is an error at the second")
    func duplicates() throws {
        let local = LocalConfiguration([
            Self.input(Self.namespace, name: "a.yaml"), Self.input(Self.entry, Self.namespace, name: "b.yaml"),
        ])
        #expect(local.count(.error) == 1)
        let text = ValidateResources.text(local)
        #expect(
            text.contains(
                "b.yaml:14: error [duplicate_resource]: metadata.name: Namespace/shop is declared at a.yaml:1"
            )
        )
        #expect(local.keys.count == 2)
    }

    @Test("delete takes each resource out, and may overlook what is not there")
    func delete() async throws {
        let local = LocalConfiguration([Self.input(Self.namespace, Self.entry)])
        let answers: [String: JSONValue] = ["DELETE /v1/resources/Namespace/-/shop": [:]]
        let transcript = Transcript()
        try await FakeControlPlane.run(answers) { admin, fake in
            let command = DeleteResources(keys: local.keys, ignoresMissing: true)
            try await command.run(admin, console: transcript.console)
            #expect(
                fake.lines == ["DELETE /v1/resources/Namespace/-/shop", "DELETE /v1/resources/ServiceEntry/shop/pay"]
            )
            let failure = await #expect(throws: CommandFailure.self) {
                try await DeleteResources(keys: local.keys).run(admin, console: transcript.console)
            }
            #expect(failure?.message == "1 of 2 resources were not deleted")
        }
        #expect(transcript.output == "namespace/shop deleted\nnamespace/shop deleted\n")
    }

    private static func result(_ kind: String, _ namespace: String, _ name: String, _ action: String) -> JSONValue {
        [
            "kind": .string(kind), "namespace": .string(namespace), "name": .string(name), "action": .string(action),
            "diagnostics": action == "refused" ? [["reason": "too many", "line": 3]] : [],
        ]
    }

    @Test("diff shows what the control plane would change, and what it would refuse")
    func diff() async throws {
        let answers: [String: JSONValue] = [
            "POST /v1/resources": [
                "results": [
                    Self.result("Namespace", "", "shop", "configured"),
                    Self.result("ServiceEntry", "shop", "pay", "unchanged"),
                    Self.result("Gateway", "shop", "w", "refused"),
                ]
            ],
            "GET /v1/resources": [
                "items": [
                    [
                        "kind": "Namespace", "apiVersion": "v1",
                        "metadata": [
                            "name": "shop", "labels": ["team": "b"], "creationTimestamp": "2026-01-01T00:00:00Z",
                        ],
                        "status": ["state": "accepted"],
                    ]
                ]
            ],
        ]
        try await FakeControlPlane.run(answers) { admin, fake in
            let outcome = try await DiffResources().run([Self.input(Self.namespace, Self.entry)], admin)
            #expect(
                outcome.text == [
                    """
                    --- Namespace/shop (now)
                    +++ Namespace/shop (new)
                    @@ -2,5 +2,5 @@
                     kind: Namespace
                     metadata:
                       labels:
                    -    team: b
                    +    team: a
                       name: shop
                    """
                ]
            )
            #expect(outcome.refused == ["gateway/shop/w refused", "mesh.yaml:3: error: too many"])
            #expect(fake.seen.first?.query == "dryRun=true")
        }
    }

    @Test("diff of a new resource is all of it; one that only differs unseen says so")
    func diffEnds() throws {
        let key = ResourceKey(kind: .namespace, namespace: "", name: "shop")
        let document = try #require(DocumentValue.all(in: Self.namespace).first)
        #expect(document.key == key)
        let new = DiffResources.diff(nil, JSONValue(document.value), key)
        #expect(new.contains("+kind: Namespace"))
        #expect(!new.contains("\n-kind"))
        let same = DiffResources.diff(JSONValue(document.value), JSONValue(document.value), key)
        #expect(same == "Namespace/shop would be applied again, without a change that can be seen")
    }

    @Test("documents are read for comparing, lists item by item, and what is no YAML left out")
    func documents() {
        let list = "apiVersion: v1\nkind: List\nitems:\n- kind: Namespace\n  metadata: {name: a}\n- kind: Odd\n"
        let all = DocumentValue.all(in: list + "---\n{\n---\nkind: ServiceEntry\nmetadata: {name: b}\n")
        #expect(all.map { $0.key?.description } == ["Namespace/a", nil, "ServiceEntry/default/b"])
    }

    @Test("each kind has a schema", arguments: ResourceKind.allCases)
    func schema(_ kind: ResourceKind) throws {
        let json = try JSONValue(parsing: try SchemaCommand.text(kind, .json))
        #expect(json["properties"]?["kind"]?["const"]?.string == kind.rawValue)
        #expect(try SchemaCommand.text(kind, .yaml).contains("properties:"))
    }
}
