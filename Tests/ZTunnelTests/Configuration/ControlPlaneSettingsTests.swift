import DataPlane
import MeshModel
import Testing

@testable import ZTunnel

@Suite("Settings of the control plane")
struct ControlPlaneSettingsTests {
    private func read(_ variables: [String: String]) throws(ConfigurationErrors) -> Configuration {
        try Configuration(environment: variables)
    }

    private func url(_ text: String) throws -> ServerAddress { .url(try #require(ControlPlaneURL(parsing: text))) }

    @Test("a bootstrap token says where the servers are and whom we serve")
    func token() throws {
        let configuration = try self.read(["BOOTSTRAP_TOKEN": "t", "KUBERNETES_SERVICE_HOST": "10.0.0.1"])
        #expect(configuration.mode == .dedicated)
        #expect(configuration.discovery == .token)
        #expect(configuration.authority == .token)
        #expect(configuration.packetMark == nil)
    }

    @Test("without a token it joins istiod as Istio's ztunnel does")
    func istiod() throws {
        let configuration = try self.read(["KUBERNETES_SERVICE_HOST": "10.0.0.1"])
        #expect(configuration.mode == .shared)
        #expect(configuration.discovery == (try self.url("https://istiod.istio-system.svc:15012")))
        #expect(configuration.authority == configuration.discovery)
        #expect(configuration.packetMark == 1_337)
        #expect(configuration.nodeAgentSocket == "/var/run/ztunnel/ztunnel.sock")
    }

    @Test("off Kubernetes the authority is where discovery is, unless CA_ADDRESS says else")
    func addresses() throws {
        var environment = ["XDS_ADDRESS": "istiod.local:15010", "PROXY_WORKLOAD_INFO": "ns/pod/sa"]
        var configuration = try self.read(environment)
        #expect(configuration.mode == .dedicated)
        #expect(configuration.workload?.serviceAccount == "sa")
        #expect(configuration.authority == (try self.url("https://istiod.local:15010")))
        environment["CA_ADDRESS"] = "https://ca.local:8443"
        configuration = try self.read(environment)
        #expect(configuration.authority == (try self.url("https://ca.local:8443")))
    }

    @Test("an empty XDS_ADDRESS turns discovery off, which needs local state")
    func withoutDiscovery() throws {
        let error = #expect(throws: ConfigurationErrors.self) {
            try self.read(["XDS_ADDRESS": "", "PROXY_WORKLOAD_INFO": "ns/pod/sa"])
        }
        #expect(error?.all.map(\.variable) == ["BOOTSTRAP_TOKEN"])
        let configuration = try self.read([
            "XDS_ADDRESS": "", "PROXY_WORKLOAD_INFO": "ns/pod/sa", "LOCAL_XDS_PATH": "mesh.yaml",
        ])
        #expect(configuration.discovery == .none)
        #expect(configuration.localState == .file("mesh.yaml"))
    }

    @Test("an unknown mode, and mode dedicated without a workload, are refused")
    func modes() {
        let unknown = #expect(throws: ConfigurationErrors.self) {
            try self.read(["BOOTSTRAP_TOKEN": "t", "PROXY_MODE": "sidecar"])
        }
        #expect(
            unknown?.all.map(\.description) == [
                "PROXY_MODE=\"sidecar\" is not valid; allowed: dedicated, shared, daemon"
            ]
        )
        let nobody = #expect(throws: ConfigurationErrors.self) {
            try self.read(["PROXY_MODE": "dedicated", "XDS_ADDRESS": "istiod:15012"])
        }
        #expect(nobody?.all.map(\.variable) == ["PROXY_WORKLOAD_INFO"])
    }

    @Test("PROXY_WORKLOAD_INFO has exactly three parts", arguments: ["a/b", "a/b/c/d", "a//c", "/b/c", "a/b/c d", "a"])
    func workload(_ text: String) { #expect(WorkloadInfo(parsing: text) == nil) }

    @Test("headers go to their own server only, and are never shown")
    func headers() throws {
        let configuration = try self.read([
            "BOOTSTRAP_TOKEN": "t", "XDS_HEADER_X-Tenant": "one two", "CA_HEADER_key": "very-secret",
        ])
        #expect(configuration.discoveryHeaders.map(\.name) == ["x-tenant"])
        #expect(configuration.discoveryHeaders.first?.value.text == "one two")
        #expect(configuration.authorityHeaders.map(\.name) == ["key"])
        #expect(!"\(configuration)".contains("very-secret"))
        #expect(!String(reflecting: configuration).contains("one two"))
    }

    @Test(
        "a header that can't be sent is refused without its value",
        arguments: [
            ("XDS_HEADER_a b", "v"), ("XDS_HEADER_ok", "line\nbreak"), ("CA_HEADER_authorization", "Bearer secret"),
            ("CA_HEADER_grpc-timeout", "1S"), ("XDS_HEADER_data-bin", "AA=="), ("XDS_HEADER_ok", "\u{e9}"),
        ]
    )
    func refusesHeaders(_ name: String, _ value: String) {
        let error = #expect(throws: ConfigurationErrors.self) { try self.read(["BOOTSTRAP_TOKEN": "t", name: value]) }
        #expect(error?.all.map(\.variable) == [name])
        #expect(error?.all.first?.value == "<masked>")
    }

    @Test("roots are a path, SYSTEM or PEM text")
    func roots() throws {
        let configuration = try self.read([
            "BOOTSTRAP_TOKEN": "t", "XDS_ROOT_CA": "SYSTEM", "CA_ROOT_CA": "-----BEGIN CERTIFICATE-----\nAA==",
        ])
        #expect(configuration.discoveryRoots == .system)
        #expect(configuration.authorityRoots == .inline("-----BEGIN CERTIFICATE-----\nAA=="))
        #expect(try self.read(["BOOTSTRAP_TOKEN": "t", "XDS_ROOT_CA": "/r.pem"]).discoveryRoots == .file("/r.pem"))
    }

    @Test("AUTH_TOKEN is a file where there is one, or looks like a path; else the token itself")
    func bearer() throws {
        func bearer(_ text: String) throws -> BearerSource? {
            try self.read(["BOOTSTRAP_TOKEN": "t", "AUTH_TOKEN": text]).bearer
        }
        #expect(try bearer("/etc/passwd") == .file("/etc/passwd"))
        #expect(try bearer("./not/yet") == .file("./not/yet"))
        #expect(try bearer("eyJh.bGci.T") == .literal(Secret("eyJh.bGci.T")))
        let error = #expect(throws: ConfigurationErrors.self) { try bearer("secret\nsecret") }
        #expect(error?.all.first?.value == "<masked>")
    }

    @Test("certificates in files come as three, and replace the authority")
    func files() throws {
        var environment = ["BOOTSTRAP_TOKEN": "t", "TULLE_CERT_FILE": "c", "TULLE_KEY_FILE": "k"]
        let error = #expect(throws: ConfigurationErrors.self) { try self.read(environment) }
        #expect(error?.all.map(\.variable) == ["TULLE_ROOT_FILE"])
        environment["TULLE_ROOT_FILE"] = "r"
        let configuration = try self.read(environment)
        #expect(configuration.identityFiles == IdentityFiles(certificates: "c", key: "k", roots: "r"))
        #expect(configuration.authority == .none)
    }

    @Test("a machine's identity is kept in a file unless its name is empty")
    func joinedIdentity() throws {
        func path(_ text: String?) throws -> String? {
            var environment = ["BOOTSTRAP_TOKEN": "t"]
            environment["TULLE_IDENTITY_FILE"] = text
            return try self.read(environment).joinedIdentityPath
        }
        #expect(try path(nil) == "/var/lib/ztunnel/identity.json")
        #expect(try path("/data/id") == "/data/id")
        #expect(try path("") == nil)
        let error = #expect(throws: ConfigurationErrors.self) { try path(String(repeating: "x", count: 4_097)) }
        #expect(error?.all.map(\.variable) == ["TULLE_IDENTITY_FILE"])
    }

    @Test("proxy and DNS can't both be off, and on-demand excludes DNS, and local state comes from one place")
    func combinations() throws {
        let off = ["BOOTSTRAP_TOKEN": "t", "ENABLE_PROXY": "false", "ISTIO_META_DNS_CAPTURE": "false"]
        #expect(throws: ConfigurationErrors.self) { try self.read(off) }
        #expect(throws: ConfigurationErrors.self) { try self.read(["BOOTSTRAP_TOKEN": "t", "XDS_ON_DEMAND": "true"]) }
        let onDemand = ["BOOTSTRAP_TOKEN": "t", "XDS_ON_DEMAND": "true", "ISTIO_META_DNS_CAPTURE": "no"]
        #expect(try self.read(onDemand).isOnDemand)
        let daemon = onDemand.merging(["PROXY_MODE": "daemon"]) { _, new in new }
        #expect(throws: ConfigurationErrors.self) { try self.read(daemon) }
        #expect(throws: ConfigurationErrors.self) {
            try self.read(["BOOTSTRAP_TOKEN": "t", "LOCAL_XDS": "{}", "LOCAL_XDS_PATH": "f"])
        }
    }

    @Test("ISTIO_META_ and ISTIO_METAJSON_ become metadata, other names don't")
    func metadata() throws {
        let configuration = try self.read([
            "BOOTSTRAP_TOKEN": "t", "ISTIO_META_FOO": "bar", "ISTIO_METAJSON_LABELS": "{\"app\":\"a\"}", "FOO": "no",
            "ISTIO_METADATA": "no",
        ])
        #expect(configuration.proxyMetadata == ["FOO": "bar"])
        #expect(configuration.structuredMetadata["LABELS"]?.object?["app"]?.string == "a")
        #expect(throws: ConfigurationErrors.self) {
            try self.read(["BOOTSTRAP_TOKEN": "t", "ISTIO_METAJSON_LABELS": "{"])
        }
    }

    @Test("the DNS proxy's address is localhost or an IP, with a port")
    func dns() throws {
        func address(_ text: String) throws -> DNSListenAddress {
            try self.read(["BOOTSTRAP_TOKEN": "t", "ISTIO_META_DNS_PROXY_ADDR": text]).dnsAddress
        }
        #expect(try address("localhost:53") == .loopback(port: 53))
        #expect(try address("127.0.0.9:5353") == .address(SocketAddress(ip: IPAddress(v4: 0x7f00_0009), port: 5_353)))
        #expect(try address("[::1]:53").port == 53)
        for text in ["localhost", "localhost:", "localhost:99999", "dns:53", "127.0.0.1"] {
            let error = #expect(throws: ConfigurationErrors.self) { try address(text) }
            #expect(error?.all.map(\.variable) == ["ISTIO_META_DNS_PROXY_ADDR"])
        }
    }
}
