import DataPlane
import MeshModel
import MeshTelemetry
import Testing

@testable import ZTunnel

struct ConfigurationTests {
    private func read(_ variables: [String: String]) throws(ConfigurationErrors) -> Configuration {
        try Configuration(environment: variables.merging(["BOOTSTRAP_TOKEN": "token"]) { mine, _ in mine })
    }

    @Test func hasDefaultsForEverythingButTheToken() throws {
        let configuration = try self.read(["PATH": "/bin", "NETWORK": ""])
        #expect(configuration.drainDeadline == 5_000)
        #expect(configuration.certificateLifetime == 86_400_000)
        #expect(configuration.poolStreams == 100)
        #expect(configuration.poolIdle == 300_000)
        #expect(configuration.keepAlive?.idleSeconds == 180)
        #expect(configuration.logFilter == LogFilter(.info))
        #expect(configuration.network == nil)
        #expect(configuration.isProxyPortEnabled)
    }

    @Test func readsSettings() throws {
        let configuration = try self.read([
            "XDS_ADDRESS": "https://tulled.demo:15012/", "NETWORK": "vpc-1", "CLUSTER_ID": "a",
            "ISTIO_META_CLUSTER_ID": "b", "INSTANCE_IP": "10.0.0.3", "SECRET_TTL": "1h30m",
            "KEEPALIVE_TIME": "30", "KEEPALIVE_RETRIES": "3", "ZTUNNEL_WORKER_THREADS": "50%",
            "RUST_LOG": "warn,access=debug", "ENABLE_RESPONSE_BAGGAGE": "false",
            "LOG_FORMAT": "json", "IPV6_ENABLED": "false", "TERMINATION_GRACE_PERIOD_SECONDS": "30",
            "TULLE_LISTEN_ADDRESS": "127.1.0.4",
        ])
        #expect(configuration.discovery.url?.target == .name("tulled.demo", port: 15_012))
        #expect(configuration.cluster == "b")
        #expect(configuration.instanceAddress == IPAddress(v4: 0x0a00_0003))
        #expect(configuration.certificateLifetime == 5_400_000)
        #expect(configuration.keepAlive?.idleSeconds == 30)
        #expect(configuration.keepAlive?.probes == 3)
        #expect(configuration.workers.choice == .percent(50))
        #expect("\(configuration.logFilter)" == "access=debug,warn")
        #expect(configuration.logFormat == .json)
        #expect(!configuration.isIPv6Enabled)
        #expect(!configuration.isBaggageEnabled)
        #expect(configuration.drainDeadline == 25_000)
        #expect(configuration.listenAddress == IPAddress(v4: 0x7f01_0004))
    }

    @Test func namesEverythingThatIsWrongAtOnce() {
        let error = #expect(throws: ConfigurationErrors.self) {
            try Configuration(environment: [
                "PROXY_MODE": "sidecar", "IPV6_ENABLED": "yes", "SECRET_TTL": "1 h",
                "POOL_MAX_STREAMS_PER_CONNECTION": "0", "XDS_ADDRESS": "http://plain", "INSTANCE_IP": "10.0.0.300",
                "ZTUNNEL_WORKER_THREADS": "101%", "RUST_LOG": "loud=", "LOG_FORMAT": "xml", "NETWORK": "a b",
                "PROXY_WORKLOAD_INFO": "a/b", "ISTIO_META_DNS_PROXY_ADDR": "15053", "COMPLIANCE_POLICY": "fips",
                "XDS_HEADER_a:b": "v",
            ])
        }
        #expect(
            error?.all.map(\.variable) == [
                "PROXY_WORKLOAD_INFO", "PROXY_MODE", "NETWORK", "INSTANCE_IP", "XDS_ADDRESS", "XDS_HEADER_a:b",
                "ISTIO_META_DNS_PROXY_ADDR", "IPV6_ENABLED", "SECRET_TTL", "POOL_MAX_STREAMS_PER_CONNECTION",
                "COMPLIANCE_POLICY", "ZTUNNEL_WORKER_THREADS", "RUST_LOG", "LOG_FORMAT", "BOOTSTRAP_TOKEN",
            ]
        )
        let lines = error?.all.map(\.description) ?? []
        #expect(lines.contains("LOG_FORMAT=\"xml\" is not valid; allowed: plain or json"))
        #expect(lines.last?.hasPrefix("BOOTSTRAP_TOKEN is not set; allowed: ") == true)
    }

    @Test(
        arguments: [
            ("30s", 30_000), ("5m", 300_000), ("1h30m", 5_400_000), ("500ms", 500), ("7", 7_000), ("1d", 86_400_000),
            ("1m0s1ms", 60_001), ("", nil), ("s", nil), ("-1s", nil), ("1.5s", nil), ("1s5", nil), ("1S", nil),
            ("1us", nil),
            ("99999999999999999999s", nil), ("9223372036854775807s", nil), ("1s 2s", nil),
        ] as [(String, UInt64?)]
    )
    func readsDurations(_ text: String, _ milliseconds: UInt64?) {
        #expect(GoDuration.milliseconds(text) == milliseconds)
    }

    @Test(
        arguments: [
            ("12", 7_000), ("10", 9_000), ("1", 1_000), ("0", 1_000), ("11", 6_000),
        ] as [(String, UInt64)]
    )
    func derivesTheDrainDeadlineFromTheGracePeriod(_ grace: String, _ deadline: UInt64) throws {
        #expect(try self.read(["TERMINATION_GRACE_PERIOD_SECONDS": grace]).drainDeadline == deadline)
    }

    @Test func prefersTheExplicitDrainDeadline() throws {
        let both = ["TERMINATION_GRACE_PERIOD_SECONDS": "30", "CONNECTION_TERMINATION_DEADLINE": "0s"]
        #expect(try self.read(both).drainDeadline == 0)
    }

    @Test(
        arguments: [
            ("https://tulled:15012", "tulled:15012"), ("tulled.mesh", "tulled.mesh:15012"),
            ("https://10.0.0.1:443/", "10.0.0.1:443"), ("https://[2001:db8::1]", "[2001:db8::1]:15012"),
            ("http://tulled", nil), ("https://", nil), ("https://a/b", nil), ("https://a@b", nil), ("https://a:x", nil),
        ] as [(String, String?)]
    )
    func readsControlPlaneURLs(_ text: String, _ target: String?) {
        #expect(ControlPlaneURL(parsing: text)?.target.description == target)
    }
}
