import AWSClient
import Foundation
import Testing

@testable import TulleCLI

@Suite("Policies of IAM")
struct PermissionTests {
    private static let root = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Lines of code of a room, without comments.
    private static func code(_ room: String) throws -> [Substring] {
        let top = Self.root.appending(path: "Sources/\(room)")
        let paths = FileManager.default.enumerator(atPath: top.path)?.compactMap { $0 as? String } ?? []
        return try paths.filter { $0.hasSuffix(".swift") }.sorted().flatMap { path in
            try String(contentsOf: top.appending(path: path), encoding: .utf8).split(separator: "\n")
                .filter { !$0.drop { $0 == " " }.hasPrefix("//") }
        }
    }

    /// What names of actions begin with.
    private static let verbs = [
        "Assume", "BatchGet", "BatchWrite", "Change", "Create", "Delete", "Describe", "Get", "Issue", "List", "Put",
        "Query", "Receive", "Register", "Scan", "Send", "Tag", "Transact", "Untag", "Update",
    ]

    /// Actions of AWS that lines name, as texts of their own.
    private static func actions(in lines: [Substring]) throws -> Set<String> {
        let text = try Regex("\"((?:\(Self.verbs.joined(separator: "|")))[A-Z][A-Za-z0-9]+|Query)\"")
        return Set(
            lines.flatMap { line in line.matches(of: text).compactMap { $0.output[1].substring.map(String.init) } }
        )
    }

    /// The actions of the clients' functions, by the function's name.
    private static func functions(in room: String) throws -> [String: Set<String>] {
        var functions: [String: Set<String>] = [:]
        var name = ""
        for line in try Self.code(room) {
            if let start = line.firstRange(of: "func ") {
                name = String(line[start.upperBound...].prefix { $0 != "(" })
            }
            for action in try Self.actions(in: [line]) { functions[name, default: []].insert(action) }
        }
        return functions
    }

    /// Need no permission: everybody may call the first, and the second carries its own proof.
    private static let free: Set<String> = ["GetCallerIdentity", "AssumeRoleWithWebIdentity"]

    /// Texts that look like actions: elements of answers and requests, and a method of Istio's.
    private static let others: Set<String> = [
        "AssumeRolePolicyDocument", "ChangeBatch", "ChangeResourceRecordSetsRequest", "CreateCertificate",
        "GetRoleResult", "ReceiveMessageResult", "TransactItems",
    ]

    private static let scope = PolicyScope(regions: ["eu-west-1"], account: "111122223333")

    private static let whole = DaemonPermissions(
        scope: Self.scope,
        zones: ["Z1"],
        findsZones: true,
        authority: ARN(parsing: "arn:aws:acm-pca:eu-west-1:111122223333:certificate-authority/1"),
        secret: ARN(parsing: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:tulle-AbCdEf"),
        secretKey: ARN(parsing: "arn:aws:kms:eu-west-1:111122223333:key/1"),
        table: ARN(parsing: "arn:aws:dynamodb:eu-west-1:111122223333:table/tulle"),
        roles: ["arn:aws:iam::444455556666:role/tulle"],
        queues: [ARN(parsing: "arn:aws:sqs:eu-west-1:111122223333:ecs")].compactMap(\.self)
    )

    private static func names(_ document: PolicyDocument) -> Set<String> {
        Set(document.actions.map { String($0.split(separator: ":").last ?? "") })
    }

    /// What lines call through functions of the clients.
    private static func called(by lines: [Substring], of services: [String]) throws -> Set<String> {
        var called: Set<String> = []
        for service in services {
            for (name, actions) in try Self.functions(in: "AWSClient/\(service)")
            where lines.contains(where: { $0.contains(".\(name)(") }) { called.formUnion(actions) }
        }
        return called
    }

    @Test("of the control plane hold what its rooms call, and nothing else")
    func daemon() throws {
        var called = try Self.actions(in: Self.code("AWSClient/Credentials"))
        for room in ["ECSDiscovery", "CertificateAuthority", "ControlPlane"] {
            let lines = try Self.code(room)
            called.formUnion(try Self.actions(in: lines))
            let services = ["ECS", "Route53", "PrivateCA", "SQS", "SecretsManager", "DynamoDB"]
            called.formUnion(try Self.called(by: lines, of: services))
        }
        // A transaction asks for the rights to its writes.
        if called.remove("TransactWriteItems") != nil {
            let client = try Self.code("AWSClient/DynamoDB").joined(separator: "\n")
            for part in ["Put", "Update", "Delete", "ConditionCheck"] where client.contains("\"\(part)\"") {
                called.insert("\(part)Item")
            }
        }
        // Secrets Manager decrypts in the caller's name.
        if called.contains("GetSecretValue") { called.insert("Decrypt") }
        // A batch asks for the right to delete one.
        if called.remove("DeleteMessageBatch") != nil { called.insert("DeleteMessage") }
        #expect(called.subtracting(Self.free).subtracting(Self.others) == Self.names(Self.whole.document))
    }

    @Test("of people hold what the command line calls, what follows from it, and nothing else")
    func people() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.root.path + "/Sources/TulleCLI")
        let lines = try folders.sorted().filter { $0 != "Permissions" }.flatMap { try Self.code("TulleCLI/\($0)") }
        var called = try Self.actions(in: lines).union(try Self.called(by: lines, of: ["ECS", "Route53"]))
        // ECS hands the roles of a definition on.
        if called.contains("RegisterTaskDefinition") { called.insert("PassRole") }
        let document = OperatorPermissions(scope: Self.scope, doctors: true).document
        #expect(called.subtracting(Self.free).subtracting(Self.others) == Self.names(document))
    }

    @Test("are narrowed to account, region and cluster")
    func narrowed() throws {
        var scope = Self.scope
        scope.clusters = ["shop"]
        let statements = DaemonPermissions(scope: scope, zones: ["Z1"]).document.statements
        let cluster = "arn:aws:ecs:eu-west-1:111122223333:cluster/shop"
        #expect(statements.first { $0.id == "DescribeClusters" }?.resources == [cluster])
        #expect(statements.first { $0.id == "DiscoverInClusters" }?.conditions.first?.values == [cluster])
        #expect(statements.first { $0.id == "Discover" }?.actions == ["ecs:DescribeTaskDefinition"])
        #expect(statements.first { $0.id == "KeepNames" }?.resources == ["arn:aws:route53:::hostedzone/Z1"])
        #expect(!statements.contains { $0.id == "FindZones" || $0.id == "Sign" || $0.id == "OtherAccounts" })
        // What takes no resource has a condition instead, but for what is global.
        for document in [
            DaemonPermissions(scope: scope).document, OperatorPermissions(scope: scope, doctors: true).document,
        ] {
            for statement in document.statements where statement.resources == ["*"] && statement.id != "DoctorNames" {
                #expect(!statement.conditions.isEmpty, "\(statement.id)")
            }
        }
        #expect(Set(Self.whole.document.statements.map(\.id)).count == Self.whole.document.statements.count)
    }

    @Test("let the control plane read one secret and its key by way of Secrets Manager, and use one table")
    func shared() throws {
        let statements = Self.whole.document.statements
        let key = try #require(statements.first { $0.id == "DecryptAuthoritySecret" })
        #expect(key.conditions.first?.values == ["secretsmanager.eu-west-1.amazonaws.com"])
        for id in ["ReadAuthoritySecret", "ShareState", "DecryptAuthoritySecret"] {
            let resources = try #require(statements.first { $0.id == id }).resources
            #expect(resources.count == 1 && !resources[0].contains("*"))
        }
        let ids = DaemonPermissions(scope: Self.scope).document.statements.map(\.id)
        #expect(!ids.contains { $0.contains("Secret") || $0 == "ShareState" })
    }

    @Test("read only writes nothing")
    func reading() {
        let actions = OperatorPermissions(scope: Self.scope, doctors: true, onlyReads: true).document.actions
        let reads = ["List", "Describe", "Get"]
        for action in actions { #expect(reads.contains { action.contains(":\($0)") }, "\(action)") }
    }

    @Test("speak of the partition of their regions")
    func partitions() {
        let scope = PolicyScope(regions: ["cn-north-1"], account: "111122223333", clusters: ["a"])
        #expect(scope.clusterARNs == ["arn:aws-cn:ecs:cn-north-1:111122223333:cluster/a"])
        #expect(TaskTrust.json(scope).text().contains("arn:aws-cn:ecs:cn-north-1:111122223333:*"))
    }

    @Test("in deploy/iam are those that the program prints", arguments: ["tulled", "enrol", "task-role-trust"])
    func files(_ name: String) throws {
        let text = try String(contentsOf: Self.root.appending(path: "deploy/iam/\(name).json"), encoding: .utf8)
        var scope = Self.scope
        scope.clusters = ["shop"]
        let json: JSONValue =
            switch name {
            case "tulled": DaemonPermissions(scope: scope, zones: ["Z0123456789ABC"]).document.json
            case "enrol": OperatorPermissions(scope: scope).document.json
            default: TaskTrust.json(scope)
            }
        #expect(text == json.text(.indented(2)) + "\n")
    }
}
