import BoringTLS
import DataPlaneTestSupport
import MeshModel
import Testing

@testable import DataPlane

struct BootstrapTokenTests {
    let bundle: String

    init() throws {
        let key = try PrivateKey()
        var builder = CertificateBuilder(commonName: "root", serial: 1, notBefore: 0, notAfter: 4_000_000_000)
        builder.isAuthority = true
        bundle = try builder.issue(subjectKey: key, issuer: "root", issuerKey: key).pem
    }

    /// The fields of a good token, with `change` applied.
    private func token(_ change: (inout [String: JSONValue]) -> Void = { _ in }) -> String {
        var fields: [String: JSONValue] = [
            "audience": .string("cluster.local/tulled"), "cluster": .string("prod"),
            "meshDomain": .string("mesh.internal"), "namespace": .string("default"), "network": .string(""),
            "platform": .string("ecs"), "serviceAccount": .string("shell"), "trustBundle": .string(bundle),
            "trustDomain": .string("cluster.local"), "url": .string("https://tulled.internal:15012"),
            "version": .number("1"),
        ]
        change(&fields)
        var writer = JSONWriter()
        writer.object { writer in
            for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
                writer.name(name)
                writer.value(value)
            }
        }
        return Base64.encode(writer.bytes, .url)
    }

    @Test("the setting is a token, or the path of a file with one")
    func setting() throws {
        let text = token()
        #expect(try BootstrapToken(setting: text).cluster == "prod")
        let file = try TestFile("\(text)\n")
        #expect(try BootstrapToken(setting: file.path).cluster == "prod")
        try file.remove()
        #expect(throws: BootstrapTokenError.unreadable(path: file.path)) { try BootstrapToken(setting: file.path) }
    }

    @Test func fieldsComeOut() throws {
        for text in [token(), " \n\(token())\r\n"] {
            let token = try BootstrapToken(text)
            #expect(token.audience == "cluster.local/tulled")
            #expect(token.cluster == "prod")
            #expect(token.meshDomain == "mesh.internal")
            #expect(token.network == "")
            #expect(token.platform == .ecs)
            #expect(token.identity.uri == "spiffe://cluster.local/ns/default/sa/shell")
            #expect(token.trust.certificates.map(\.pem) == [bundle])
            #expect(token.controlPlane == ControlPlaneURL(parsing: "https://tulled.internal:15012"))
        }
    }

    @Test func aMachinesTokenHasAProofThatWorksOnceAndIsNeverShown() throws {
        let machine = try BootstrapToken(
            token {
                $0["platform"] = .string("vm")
                $0["joinToken"] = .string("tulle-join.0123.secret")
            }
        )
        #expect(machine.platform == .vm)
        #expect(machine.joinToken?.text == "tulle-join.0123.secret")
        #expect(!"\(machine)".contains("secret"))
        #expect(throws: BootstrapTokenError.missing(field: "joinToken")) {
            try BootstrapToken(token { $0["platform"] = .string("vm") })
        }
        #expect(throws: BootstrapTokenError.self) {
            try BootstrapToken(token { $0["joinToken"] = .string("tulle-join.0123.secret") })
        }
    }

    @Test(arguments: [
        "audience", "cluster", "meshDomain", "namespace", "network", "platform", "serviceAccount", "trustBundle",
        "trustDomain", "url", "version",
    ])
    func eachFieldIsNeededAndTyped(_ field: String) {
        #expect(throws: BootstrapTokenError.missing(field: field)) {
            try BootstrapToken(token { $0[field] = nil })
        }
        let error = #expect(throws: BootstrapTokenError.self) { try BootstrapToken(token { $0[field] = .bool(true) }) }
        #expect(error?.description.contains(field) == true)
    }

    @Test(arguments: [
        ("audience", ""), ("audience", "a b"), ("cluster", "é"), ("meshDomain", ""), ("namespace", "a/b"),
        ("namespace", ".."), ("serviceAccount", "a b"), ("serviceAccount", "a?"), ("platform", "ECS"),
        ("trustDomain", "Cluster.local"), ("trustDomain", ""), ("trustBundle", ""), ("trustBundle", "x"),
        ("url", "http://tulled:15012"), ("url", "tulled:15012"), ("url", "https://"), ("url", "https://a:99999"),
        ("url", "https://a:15012/path"), ("url", "https://user@a:15012"), ("network", "a\nb"),
    ])
    func wrongValuesNameTheirField(_ field: String, _ value: String) {
        let error = #expect(throws: BootstrapTokenError.self) {
            try BootstrapToken(token { $0[field] = .string(value) })
        }
        guard case .invalid(field, _)? = error else {
            Issue.record("expected a fault of \(field), got \(String(describing: error))")
            return
        }
    }

    @Test func otherVersionsAndFieldsAreRefused() {
        for version in ["0", "2", "1.0", "1e0"] {
            let error = #expect(throws: BootstrapTokenError.self) {
                try BootstrapToken(token { $0["version"] = .number(version) })
            }
            #expect(error?.description.contains("version") == true)
        }
        #expect(throws: BootstrapTokenError.unknown(field: "extra")) {
            try BootstrapToken(token { $0["extra"] = .null })
        }
    }

    @Test func brokenTextsAreRefused() {
        #expect(throws: BootstrapTokenError.empty) { try BootstrapToken(" \n") }
        #expect(throws: BootstrapTokenError.notBase64URL) { try BootstrapToken("{}") }
        #expect(throws: BootstrapTokenError.notBase64URL) { try BootstrapToken("\"\(token())\"") }
        #expect(throws: BootstrapTokenError.wrongType(field: "token", expected: "an object")) {
            try BootstrapToken(Base64.encode("[]".utf8, .url))
        }
        let long = String(repeating: "a", count: BootstrapToken.byteLimit + 1)
        #expect(throws: BootstrapTokenError.tooLarge(bytes: long.utf8.count)) { try BootstrapToken(long) }
        let whole = token()
        for count in stride(from: 1, to: whole.utf8.count, by: 7) {
            #expect(throws: BootstrapTokenError.self) { try BootstrapToken(String(whole.prefix(count))) }
        }
    }

    @Test func pathsAreToldFromTokens() {
        #expect(BootstrapToken.isPath("/etc/tulle/token"))
        #expect(BootstrapToken.isPath("./token"))
        #expect(!BootstrapToken.isPath(token()))
    }
}
