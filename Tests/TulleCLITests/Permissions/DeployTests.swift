import AWSClient
import Foundation
import Testing

@testable import TulleCLI

@Suite("What stands in deploy/")
struct DeployTests {
    private static let root = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
    }

    /// What the templates need of their own: EFS, where the state is.
    private static let own: Set<String> = [
        "elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite", "sts:AssumeRole",
    ]

    private static let services = [
        "ecs", "route53", "acm-pca", "sts", "ec2", "iam", "elasticfilesystem", "dynamodb", "secretsmanager", "kms",
        "sqs",
    ]

    private static func actions(in text: String) throws -> Set<String> {
        let action = try Regex("\"((?:\(Self.services.joined(separator: "|"))):[A-Z][A-Za-z]+)\"")
        // Keys of conditions have the same form.
        let keys = ["RecordTypes", "Arn", "ExternalId", "ViaService"]
        return Set(text.matches(of: action).compactMap { $0.output[1].substring.map(String.init) })
            .filter { name in !keys.contains { name.hasSuffix($0) } }
    }

    @Test("gives tulled the permissions that tulle iam prints")
    func permissions() throws {
        let scope = PolicyScope(regions: ["eu-west-1"], account: "111122223333", clusters: ["shop"])
        var permissions = DaemonPermissions(
            scope: scope,
            zones: ["Z1"],
            secret: ARN(parsing: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:tulle-AbCdEf"),
            secretKey: ARN(parsing: "arn:aws:kms:eu-west-1:111122223333:key/1"),
            table: ARN(parsing: "arn:aws:dynamodb:eu-west-1:111122223333:table/tulle")
        )
        permissions.roles = ["arn:aws:iam::444455556666:role/tulle-discovery"]
        permissions.queues = [try #require(ARN(parsing: "arn:aws:sqs:eu-west-1:111122223333:events"))]
        let template = try Self.actions(in: Self.text("deploy/cloudformation/tulled.json"))
        #expect(template == permissions.document.actions.union(Self.own))
        permissions.authority = ARN(parsing: "arn:aws:acm-pca:eu-west-1:111122223333:certificate-authority/1")
        let module = try Self.actions(in: Self.text("deploy/terraform/tulled/iam.tf"))
        #expect(module == permissions.document.actions.union(Self.own))
    }

    @Test("gives tulled in another account what tulle iam prints, and no more")
    func discovery() throws {
        var permissions = DaemonPermissions(scope: PolicyScope(regions: ["eu-west-1"], account: "111122223333"))
        permissions.queues = [try #require(ARN(parsing: "arn:aws:sqs:eu-west-1:111122223333:events"))]
        let expected = permissions.document.actions.union(["sts:AssumeRole"])
        #expect(try Self.actions(in: Self.text("deploy/terraform/account/iam.tf")) == expected)
        let template = try Self.actions(in: Self.text("deploy/cloudformation/account.json"))
        #expect(template == expected.union(["sqs:SendMessage"]), "the rule's right to fill the queue stands there too")
    }

    @Test(
        "names settings that there are",
        arguments: [
            ("deploy/cloudformation/tulled.json", "tulled-settings"),
            ("deploy/terraform/tulled/main.tf", "tulled-settings"),
            ("deploy/systemd/tulled.env", "tulled-settings"), ("deploy/systemd/ztunnel.env", "ztunnel-settings"),
            ("deploy/systemd/waypoint.env", "waypoint-settings"),
            ("deploy/taskdefinitions/waypoint.json", "waypoint-settings"),
        ]
    )
    func settings(_ path: String, _ page: String) throws {
        let page = try Self.text("docs/\(page).md")
        let text = try Self.text(path).split(separator: "\n").filter { !$0.hasPrefix("#") }.joined(separator: "\n")
        let variable = try Regex(
            path.hasSuffix(".env")
                ? "(?m)^([A-Z0-9_]+)="
                : "\\b(TULLED_[A-Z0-9_]+|BOOTSTRAP_TOKEN|TERMINATION_DRAIN_DURATION)\\b"
        )
        let names = Set(text.matches(of: variable).compactMap { $0.output[1].substring.map(String.init) })
        #expect(!names.isEmpty)
        for name in names { #expect(page.contains("`\(name)`"), "\(name) of \(path)") }
    }

    @Test(
        "runs one file as a user of its own, without anything else where the file is static",
        arguments: [
            ("", "FROM scratch", "/ztunnel"), (".waypoint", "FROM scratch", "/waypoint"),
            (".tulled", "FROM debian:12-slim", "/usr/bin/tulled"),
        ]
    )
    func images(_ name: String, _ base: Substring, _ path: String) throws {
        let lines = try Self.text("deploy/container/Containerfile\(name)").split(separator: "\n")
        let program = name.isEmpty ? "ztunnel" : String(name.dropFirst())
        let last = lines.suffix(from: try #require(lines.lastIndex { $0.hasPrefix("FROM ") }))
        #expect(last.first == base)
        #expect(last.contains("COPY \(program) \(path)") && last.contains("ENTRYPOINT [\"\(path)\"]"))
        let user = program == "tulled" ? "15302:15302" : "15301:15301"
        #expect(last.contains("USER \(user)"))
    }

    @Test("hardens every unit", arguments: ["tulled", "ztunnel", "waypoint"])
    func units(_ name: String) throws {
        let lines = try Self.text("deploy/systemd/\(name).service").split(separator: "\n")
        for line in [
            "ExecStart=/usr/local/bin/\(name)", "EnvironmentFile=/etc/tulle/\(name).env", "User=\(name)",
            "NoNewPrivileges=true", "CapabilityBoundingSet=", "ProtectSystem=strict", "StateDirectoryMode=0700",
            "Restart=always",
        ] { #expect(lines.contains(line[...]), "\(line)") }
    }
}
