import AWSClient
import MeshConfig
import Testing

@testable import TulleCLI

@Suite("tulle ecs list-roles and bind-role")
struct RoleTests {
    private static func ecs() -> FakeECS {
        FakeECS([
            "ListServices": { _ in ["serviceArns": ["a", "b", "c", "d", "e"]] },
            "DescribeServices": { input in
                ["services": .array((input["services"]?.strings ?? []).map(Self.service))]
            },
            "DescribeTaskDefinition": { input in
                let role: JSONValue =
                    switch input["taskDefinition"] {
                    case "def-c": "arn:c"
                    case "def-d": "arn:d"
                    case "def-e": nil
                    default: "arn:ab"
                    }
                return ["taskDefinition": ["taskRoleArn": role]]
            },
        ])
    }

    @Sendable
    private static func service(_ name: String) -> JSONValue {
        var json: JSONValue = [
            "serviceArn": .string("arn:\(name)"), "serviceName": .string(name), "status": "ACTIVE",
            "taskDefinition": .string(name == "b" ? "def-a" : "def-\(name)"),
        ]
        if name == "a" || name == "c" {
            json["tags"] = [
                ["key": "tulle/namespace", "value": "shop"], ["key": "tulle/service-account", "value": .string(name)],
            ]
        }
        return json
    }

    private static func binding(_ role: String, _ account: String) -> JSONValue {
        ["role": .string(role), "namespace": "shop", "serviceAccount": .string(account)]
    }

    @Test("groups services by role and says how each stands")
    func list() async throws {
        let ecs = Self.ecs()
        let roles = try await RoleDirectory(ecs, cluster: "c1").roles()
        #expect(roles.map(\.arn) == ["arn:ab", "arn:c", "arn:d"])
        // One definition is read once.
        #expect(ecs.actions.count { $0 == "DescribeTaskDefinition" } == 4)
        #expect(
            RoleTable.text(roles, bindings: [Self.binding("arn:ab", "a")]) == """
                ROLE    SERVICES  TAGGED AS  BOUND TO  STATE
                arn:ab  a,b       shop/a     shop/a    bound
                arn:c   c         shop/c     -         unbound
                arn:d   d         -          -         not in mesh
                """
        )
        let others = [Self.binding("arn:ab", "a"), Self.binding("arn:ab", "x"), Self.binding("arn:c", "x")]
        let states = RoleTable.json(roles, bindings: others).array?.compactMap { $0["state"]?.string }
        #expect(states == ["bound twice", "other account", "not in mesh"])
        let unknown = RoleTable.json(roles, bindings: nil)
        #expect(unknown[0]?["boundTo"]?.isNull == true)
        #expect(unknown[0]?["state"] == "unknown")
        #expect(RoleTable.text(roles, bindings: nil).contains("arn:d   d         -          -         unknown"))
        #expect(roles[0].users(of: "c1") == "service a, b of cluster c1")
        #expect(roles.map(\.isEnrolled) == [true, true, false])
    }

    @Test("binding again says what is replaced, and what else binds the role")
    func rebinding() async throws {
        let role = "arn:aws:iam::111122223333:role/web"
        func stored(_ name: String, _ role: String, _ account: String) -> JSONValue {
            [
                "kind": "ServiceAccountBinding", "metadata": ["name": .string(name)],
                "spec": Self.binding(role, account),
            ]
        }
        let bind = BindRole(
            binding: RoleBinding(
                role: try #require(RoleARN(role)),
                account: try #require(AccountName("shop/web")),
                name: "web"
            )
        )
        let applied: JSONValue = [
            "results": [["kind": "ServiceAccountBinding", "name": "web", "action": "configured", "diagnostics": []]]
        ]
        let cases: [(stored: [JSONValue], notes: [String])] = [
            ([], []), ([stored("web", role, "web"), stored("other", "arn:x", "api")], []),
            (
                [stored("web", role, "api"), stored("second", role, "db"), stored("third", role, "web")],
                [
                    "\"second\" binds the role to shop/db as well, so that each of its tasks may be either; "
                        + "'tulle delete serviceaccountbinding second' takes that away",
                    "\"web\" bound \(role) to shop/api before; that is replaced",
                ]
            ),
        ]
        for (items, notes) in cases {
            let transcript = Transcript()
            let answers = ["GET /v1/resources": ["items": .array(items)], "POST /v1/resources": applied]
            try await FakeControlPlane.run(answers) { admin, _ in
                try await bind.run(admin, console: transcript.console)
            }
            #expect(transcript.output == "serviceaccountbinding/web configured\n")
            #expect(transcript.progress == notes.map { "! \($0)\n" }.joined())
        }
    }

    @Test("a binding is named after role and account, as a DNS label")
    func binding() throws {
        let role = try #require(RoleARN("arn:aws:iam::111122223333:role/team/Web_App.prod"))
        let account = try #require(AccountName("shop/web"))
        let binding = RoleBinding(role: role, account: account)
        #expect(
            YAMLText.document(binding.json) == """
                apiVersion: tulle.mesh/v1alpha1
                kind: ServiceAccountBinding
                metadata:
                  name: web-app-prod-111122223333
                spec:
                  role: arn:aws:iam::111122223333:role/team/Web_App.prod
                  namespace: shop
                  serviceAccount: web
                """
        )
        let long = try #require(RoleARN("arn:aws:iam::111122223333:role/" + String(repeating: "x", count: 64)))
        let name = RoleBinding(role: long, account: account).name
        #expect(MeshName(name) != nil)
        #expect(name.hasSuffix("-111122223333"))
        #expect(RoleBinding(role: role, account: account, name: "mine").name == "mine")
        #expect(
            LocalConfiguration([ConfigurationInput(name: "-", text: YAMLText.document(binding.json))]).count(.error)
                == 0
        )
    }

    @Test(
        "what is no role is refused",
        arguments: [
            "", "arn:aws:iam::1:role/x", "arn:aws:sts::111122223333:assumed-role/x/y",
            "arn:aws:iam::111122223333:user/x",
            "arn:aws:iam::111122223333:role/", "arn:aws:iam::111122223333:role", "arn:aws:iam:eu:111122223333:role/x",
            "arn:other:iam::111122223333:role/x", "arn:aws:iam::111122223333:role/x y", "web",
        ]
    )
    func noRole(_ text: String) {
        #expect(RoleARN(text) == nil)
    }

    @Test("what is no service account is refused", arguments: ["", "web", "shop/", "/web", "a/b/c", "Shop/web"])
    func noAccount(_ text: String) {
        #expect(AccountName(text) == nil)
    }
}
