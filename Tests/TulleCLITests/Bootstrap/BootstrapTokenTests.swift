import AWSClient
import Foundation
import Testing
import TulleCLI

@Suite("The bootstrap token")
struct BootstrapTokenTests {
    static let answer: JSONValue = [
        "url": "https://mesh.example:15012",
        "trustBundle": "-----BEGIN CERTIFICATE-----\nMIIB+/==\n-----END CERTIFICATE-----\n",
        "trustDomain": "cluster.local",
        "network": "",
        "cluster": "demo",
        "meshDomain": "mesh.internal",
        "audience": "cluster.local/tulled",
    ]

    @Test("is base64url without padding of JSON with sorted names")
    func format() throws {
        let facts = try ControlPlaneFacts(Self.answer)
        let namespace = try #require(MeshName("shop"))
        let account = try #require(MeshName("web"))
        let token = BootstrapToken(controlPlane: facts, namespace: namespace, serviceAccount: account)
        #expect(token.identity == "spiffe://cluster.local/ns/shop/sa/web")
        #expect(token.text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })

        var padded = token.text.replacing("-", with: "+").replacing("_", with: "/")
        while padded.utf8.count % 4 != 0 { padded += "=" }
        let data = try #require(Data(base64Encoded: padded))
        #expect(
            String(decoding: data, as: UTF8.self)
                == #"{"audience":"cluster.local/tulled","cluster":"demo","meshDomain":"mesh.internal","#
                + #""namespace":"shop","network":"","platform":"ecs","serviceAccount":"web","#
                + #""trustBundle":"-----BEGIN CERTIFICATE-----\nMIIB+/==\n-----END CERTIFICATE-----\n","#
                + #""trustDomain":"cluster.local","url":"https://mesh.example:15012","version":1}"#
        )
    }

    @Test("carries a join token for a machine of its own")
    func joinToken() throws {
        let facts = try ControlPlaneFacts(Self.answer)
        let name = try #require(MeshName("shop"))
        let token = BootstrapToken(
            controlPlane: facts,
            namespace: name,
            serviceAccount: name,
            platform: .vm,
            joinToken: "s3cret"
        )
        var padded = token.text.replacing("-", with: "+").replacing("_", with: "/")
        while padded.utf8.count % 4 != 0 { padded += "=" }
        let json = try JSONValue(parsing: try #require(Data(base64Encoded: padded)))
        #expect(json["platform"] == "vm")
        #expect(json["joinToken"] == "s3cret")
        let names = try #require(json.object?.names)
        #expect(names == names.sorted())
    }

    @Test("that was made earlier is checked for whom it is")
    func check() throws {
        let shop = try #require(MeshName("shop"))
        let web = try #require(MeshName("web"))
        let facts = try ControlPlaneFacts(Self.answer)
        let token = BootstrapToken(controlPlane: facts, namespace: shop, serviceAccount: web).text
        #expect(throws: Never.self) { try BootstrapToken.check(token, isFor: shop, web) }
        let other = #expect(throws: CommandFailure.self) { try BootstrapToken.check(token, isFor: web, shop) }
        #expect(other?.message == "the bootstrap token is for shop/web, not for web/shop")
        for text in ["", "?", "e30", "W10", String(token.dropLast(9)), "a"] {
            #expect(throws: CommandFailure.self) { try BootstrapToken.check(text, isFor: shop, web) }
        }
    }

    @Test("names are DNS labels", arguments: ["a", "a-b", "0", String(repeating: "x", count: 63)])
    func takesName(_ text: String) {
        #expect(MeshName(text)?.text == text)
    }

    @Test(
        "other names are refused",
        arguments: ["", "-a", "a-", "A", "a.b", "a/b", "ä", "a b", String(repeating: "x", count: 64)]
    )
    func refusesName(_ text: String) {
        #expect(MeshName(text) == nil)
    }
}

@Suite("What the control plane says about itself")
struct ControlPlaneFactsTests {
    private struct Answer: HTTPTransport {
        var status = 200
        var body = BootstrapTokenTests.answer.text()
        var error: TransportError?

        func send(_ request: TransportRequest, deadline: Duration, bodyLimit: Int) async throws -> TransportResponse {
            #expect(request.url == "http://127.0.0.1:15014/bootstrap")
            if let error = self.error { throw error }
            return TransportResponse(status: self.status, headers: [], body: Array(self.body.utf8))
        }

        func shutdown() async {}
    }

    @Test("is read from /bootstrap", arguments: ["http://127.0.0.1:15014", "http://127.0.0.1:15014/"])
    func fetches(_ address: String) async throws {
        let facts = try await ControlPlaneFacts.fetch(from: address, over: Answer())
        #expect(facts.url == "https://mesh.example:15012")
        #expect(facts.audience == "cluster.local/tulled")
    }

    @Test("no answer says where it asked and what to check")
    func noAnswer() async throws {
        let error = await #expect(throws: CommandFailure.self) {
            try await ControlPlaneFacts.fetch(from: "http://127.0.0.1:15014", over: Answer(error: .timedOut))
        }
        #expect(error?.message.contains("http://127.0.0.1:15014/bootstrap") == true)
        #expect(error?.hint?.contains("--control-plane") == true)
    }

    @Test("another status, no JSON, and missing members are refused")
    func badAnswers() async throws {
        var answers = [Answer(status: 404), Answer(body: "<html>"), Answer(body: "[]")]
        for name in BootstrapTokenTests.answer.object?.names ?? [] {
            var lacking = BootstrapTokenTests.answer
            lacking[name] = nil
            answers.append(Answer(body: lacking.text()))
        }
        var plain = BootstrapTokenTests.answer
        plain["url"] = "http://mesh.example:15012"
        answers.append(Answer(body: plain.text()))
        var noPEM = BootstrapTokenTests.answer
        noPEM["trustBundle"] = "none"
        answers.append(Answer(body: noPEM.text()))
        for answer in answers {
            await #expect(throws: CommandFailure.self) {
                try await ControlPlaneFacts.fetch(from: "http://127.0.0.1:15014", over: answer)
            }
        }
    }
}
