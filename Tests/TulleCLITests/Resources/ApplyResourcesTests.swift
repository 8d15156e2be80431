import AWSClient
import Foundation
import Testing

@testable import TulleCLI

@Suite("tulle apply")
struct ApplyResourcesTests {
    private static let input = ConfigurationInput(name: "mesh.yaml", text: "kind: Namespace\n")

    @Test("sends the text as it is and tells what became of each resource")
    func outcomes() async throws {
        let answer: JSONValue = [
            "results": [
                ["kind": "Namespace", "namespace": "", "name": "shop", "action": "created", "diagnostics": []],
                [
                    "kind": "ServiceEntry", "namespace": "shop", "name": "pay", "action": "configured",
                    "diagnostics": [
                        ["file": "-", "line": 4, "field": "spec", "reason": "no effect", "severity": "warning"]
                    ],
                ],
            ]
        ]
        let transcript = Transcript()
        try await FakeControlPlane.run(["POST /v1/resources": answer]) { admin, fake in
            try await ApplyResources(isDryRun: true).run([Self.input], admin, console: transcript.console)
            #expect(fake.seen.first?.body == Self.input.text)
            #expect(fake.seen.first?.query == "dryRun=true")
        }
        #expect(transcript.output == "namespace/shop created (dry run)\nserviceentry/shop/pay configured (dry run)\n")
        #expect(transcript.progress == "! mesh.yaml:4: warning: spec: no effect\n")
    }

    @Test("a refused resource is a failure, after the rest is applied")
    func refused() async throws {
        let refused: JSONValue = [
            "results": [
                [
                    "kind": "Namespace", "name": "shop", "action": "refused",
                    "diagnostics": [["file": "-", "line": 1, "field": "metadata.name", "reason": "is missing"]],
                ]
            ]
        ]
        let transcript = Transcript()
        try await FakeControlPlane.run(["POST /v1/resources": refused]) { admin, fake in
            let failure = await #expect(throws: CommandFailure.self) {
                try await ApplyResources().run([Self.input, Self.input], admin, console: transcript.console)
            }
            #expect(failure?.message == "2 resources were refused; what was in force before stays so")
            #expect(failure?.status == .failure)
            #expect(fake.lines.count == 2)
        }
        #expect(transcript.progress.contains("mesh.yaml:1: error: metadata.name: is missing"))
    }

    @Test("nothing to apply is a failure, and an empty text is not even sent", arguments: ["", " \n\t\n", "# later\n"])
    func nothing(_ text: String) async throws {
        try await FakeControlPlane.run(["POST /v1/resources": ["results": []]]) { admin, fake in
            let failure = await #expect(throws: CommandFailure.self) {
                let input = ConfigurationInput(name: "-", text: text)
                try await ApplyResources().run([input], admin, console: Transcript().console)
            }
            #expect(failure?.message == "there is no document in the standard input")
            #expect(fake.lines.isEmpty == text.allSatisfy(\.isWhitespace))
        }
    }

    @Test("reads files, and directories in order without hidden ones")
    func inputs() throws {
        let top = FileManager.default.temporaryDirectory.appending(path: "apply-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: top) }
        for (name, text) in [
            ("b.yaml", "b"), ("a/c.yml", "c"), ("a/d.json", "d"), ("x.txt", "x"), (".h.yaml", "h"),
            (".git/e.yaml", "e"),
        ] {
            let file = top.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(text.utf8).write(to: file)
        }
        #expect(try ConfigurationInput.read(top.path).map(\.text) == ["c", "d", "b"])
        #expect(try ConfigurationInput.read(top.path + "/").map(\.name).first == "\(top.path)/a/c.yml")
        #expect(try ConfigurationInput.read([top.path + "/b.yaml", top.path + "/x.txt"]).map(\.text) == ["b", "x"])
        for path in [top.path + "/none.yaml", top.path + "/.git/none"] {
            let failure = #expect(throws: CommandFailure.self) { try ConfigurationInput.read(path) }
            #expect(failure?.status == .noInput)
            #expect(failure?.message.contains(path) == true)
        }
        try FileManager.default.createDirectory(at: top.appending(path: "empty"), withIntermediateDirectories: true)
        #expect(throws: CommandFailure.self) { try ConfigurationInput.read(top.path + "/empty") }
    }
}
