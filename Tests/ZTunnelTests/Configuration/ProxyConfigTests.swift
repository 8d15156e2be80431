import DataPlane
import Testing

@testable import ZTunnel

@Suite("Mesh configuration and PROXY_CONFIG")
struct ProxyConfigTests {
    private let mesh = """
        trustDomain: ignored.here
        defaultConfig:
          discoveryAddress: istiod-rev0.istio-system.svc:15012
          statsPort: 15888
          proxyAdminPort: 15099
          concurrency: 3
          tracing: {sampling: 100}
          proxyMetadata:
            ISTIO_META_FOO: mesh
            BAR: mesh
            BAZ: mesh
        """
    private let proxy = "proxyAdminPort: 15999\nproxyMetadata: {BAR: proxy, BAZ: proxy}"

    @Test("PROXY_CONFIG overrides the mesh configuration key by key, and ISTIO_META_ variables win over both")
    func merging() throws {
        let configuration = try Configuration(
            environment: [
                "PROXY_CONFIG": self.proxy, "ISTIO_META_BAZ": "environment", "BAR": "not this",
                "PROXY_WORKLOAD_INFO": "a/b/c",
            ],
            meshConfiguration: self.mesh
        )
        #expect(configuration.metricsPort == 15_888)
        #expect(configuration.adminPort == 15_999)
        #expect(configuration.workers.choice == .count(3))
        #expect(configuration.discovery.url?.target.description == "istiod-rev0.istio-system.svc:15012")
        #expect(configuration.proxyMetadata == ["FOO": "mesh", "BAR": "proxy", "BAZ": "environment"])
    }

    @Test("XDS_ADDRESS and ZTUNNEL_WORKER_THREADS win over both files")
    func variablesWin() throws {
        let configuration = try Configuration(
            environment: [
                "XDS_ADDRESS": "https://other:1", "ZTUNNEL_WORKER_THREADS": "7", "PROXY_WORKLOAD_INFO": "a/b/c",
            ],
            meshConfiguration: self.mesh
        )
        #expect(configuration.discovery.url?.target.description == "other:1")
        #expect(configuration.workers.choice == .count(7))
    }

    @Test("without either document the ports are Istio's")
    func defaults() throws {
        let configuration = try Configuration(environment: ["BOOTSTRAP_TOKEN": "t"], meshConfiguration: "")
        #expect(configuration.adminPort == 15_000)
        #expect(configuration.metricsPort == 15_020)
        #expect(configuration.workers.choice == .automatic)
    }

    @Test(
        "a document that can't be used is refused with line and field",
        arguments: [
            ("proxyAdminPort: 0", "line 1, column 17: proxyAdminPort: \"0\" is not valid"),
            ("statsPort: many", "line 1, column 12: statsPort: \"many\" is not valid"),
            ("concurrency: 65", "line 1, column 14: concurrency: \"65\" is not valid"),
            ("discoveryAddress: http://x", "line 1, column 19: discoveryAddress: \"http://x\" is not valid"),
            ("[", "line 2, column 1: not YAML"),
        ]
    )
    func refusals(_ text: String, _ beginning: String) {
        let error = #expect(throws: ConfigurationErrors.self) {
            try Configuration(environment: ["BOOTSTRAP_TOKEN": "t", "PROXY_CONFIG": text])
        }
        #expect(error?.all.map(\.variable) == ["PROXY_CONFIG"])
        #expect(error?.all.first?.value.hasPrefix(beginning) == true, "\(error?.all.first?.value ?? "")")
        #expect(throws: ConfigurationErrors.self) {
            try Configuration(environment: ["BOOTSTRAP_TOKEN": "t"], meshConfiguration: "defaultConfig: {\(text)}")
        }
    }
}
