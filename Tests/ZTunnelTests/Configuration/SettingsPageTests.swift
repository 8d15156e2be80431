import DataPlane
import Foundation
import MeshTelemetry
import Testing

@testable import ZTunnel

@Suite("The manual of settings")
struct SettingsPageTests {
    /// Name and default of each row of the tables with four columns.
    private func rows() throws -> [String: String] {
        let root = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "docs/ztunnel-settings.md"), encoding: .utf8)
        var rows: [String: String] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("| `") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard line.split(separator: "|", omittingEmptySubsequences: false).count == 6 else { continue }
            let name = cells[0].trimmingCharacters(in: ["`"])
            #expect(rows[name] == nil, "\(name) stands there twice")
            rows[name] = cells[1]
        }
        return rows
    }

    @Test("page and program know the same variables")
    func names() throws {
        let known = ProcessEnvironment.names.union(ProcessEnvironment.platform)
            .union(ProcessEnvironment.daemon).union(OTLPSettings.variables)
            .union(ProcessEnvironment.prefixes.map { "\($0)…" })
        let described = Set(try self.rows().keys)
        #expect(described.subtracting(known).sorted() == [], "described, but not read")
        #expect(known.subtracting(described).sorted() == [], "read, but not described")
    }

    @Test("the defaults on the page are the program's")
    func defaults() throws {
        let configuration = try Configuration(environment: ["BOOTSTRAP_TOKEN": "t"])
        let shared = try Configuration(environment: ["KUBERNETES_SERVICE_HOST": "k"])
        let keepAlive = try #require(configuration.keepAlive)
        let expected: [String: String] = [
            "POOL_MAX_STREAMS_PER_CONNECTION": "\(configuration.poolStreams)",
            "POOL_UNUSED_RELEASE_TIMEOUT": "\(configuration.poolIdle / 60_000)m",
            "TULLE_IDENTITY_FILE": configuration.joinedIdentityPath ?? "",
            "SECRET_TTL": "\(configuration.certificateLifetime / 3_600_000)h",
            "CONNECTION_TERMINATION_DEADLINE": "\(configuration.drainDeadline / 1_000)s",
            "KEEPALIVE_ENABLED": "true",
            "KEEPALIVE_TIME": "\(keepAlive.idleSeconds)s",
            "KEEPALIVE_INTERVAL": "\(keepAlive.intervalSeconds)s",
            "KEEPALIVE_RETRIES": "\(keepAlive.probes)",
            "USER_TIMEOUT_ENABLED": "\(configuration.isUserTimeoutEnabled)",
            "XDS_ON_DEMAND": "\(configuration.isOnDemand)",
            "ENABLE_PROXY": "\(configuration.isProxyEnabled)",
            "UNSTABLE_ENABLE_SOCKS5": "\(configuration.isProxyPortEnabled)",
            "IPV6_ENABLED": "\(configuration.isIPv6Enabled)",
            "INPOD_UDS": configuration.nodeAgentSocket,
            "LOCALHOST_APP_TUNNEL": "\(configuration.usesLoopbackForApplicationTunnel)",
            "ENABLE_RESPONSE_BAGGAGE": "\(configuration.isBaggageEnabled)",
            "TLS12_ENABLED": "\(configuration.isTLS12Enabled)",
            "LOG_FORMAT": configuration.logFormat.rawValue,
            "AUTHZ_POLICY_INFO_LOGGING": "\(configuration.isPolicyLoggedAtInfo)",
        ]
        let rows = try self.rows()
        for (name, value) in expected { #expect(rows[name] == "`\(value)`", "\(name)") }
        #expect(shared.packetMark == 1_337 && configuration.packetMark == nil)
        #expect(rows["PACKET_MARK"]?.hasPrefix("`1337` in modes shared and daemon") == true)
    }
}
