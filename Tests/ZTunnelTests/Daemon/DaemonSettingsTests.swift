import DataPlane
import MeshModel
import Testing

@testable import ZTunnel

@Suite("Daemon settings")
struct DaemonSettingsTests {
    private static func settings(_ variables: [String: String], hasSocket: Bool = true) throws -> DaemonSettings {
        try DaemonSettings(environment: { variables[$0] }, exists: { _ in hasSocket })
    }

    @Test("by default tasks are found through Docker where its socket is, else through the ECS agent")
    func automatic() throws {
        #expect(try Self.settings([:]).source == .runtime(socketPath: "/var/run/docker.sock"))
        #expect(try Self.settings([:], hasSocket: false).source == .agent(DaemonSettings.standardAgent))
        #expect(try Self.settings([:]).processRoot == "/proc")
        #expect(try Self.settings([:]).redirect == .daemon())
    }

    @Test("each can be chosen and moved")
    func chosen() throws {
        let docker = try Self.settings(["TULLE_TASK_SOURCE": "docker", "DOCKER_HOST": "unix:///tmp/d.sock"])
        #expect(docker.source == .runtime(socketPath: "/tmp/d.sock"))
        let agent = try Self.settings(["TULLE_TASK_SOURCE": "agent", "TULLE_AGENT_ADDRESS": "127.0.0.1:5000"])
        #expect(agent.source == .agent(SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 5_000)))
        let rules = try Self.settings(["TULLE_REDIRECT": "--exclude-port 22,443  --ipv6=off --uid 7"]).redirect
        #expect(rules.excludedPorts == [22, 443])
        #expect(!rules.capturesIPv6)
        #expect(rules.exemption == .mark)
        #expect(rules.preservesSource)
    }

    @Test(
        "what can't be used is named with what is allowed",
        arguments: [
            (["TULLE_TASK_SOURCE": "podman"], "TULLE_TASK_SOURCE=\"podman\" is not valid; allowed: docker, agent or"),
            (["DOCKER_HOST": "tcp://1.2.3.4:2375"], "DOCKER_HOST=\"tcp://1.2.3.4:2375\" is not valid; allowed: unix"),
            (["TULLE_AGENT_ADDRESS": "agent:51678"], "TULLE_AGENT_ADDRESS=\"agent:51678\" is not valid; allowed: <ip>"),
            (["TULLE_PROC": "proc"], "TULLE_PROC=\"proc\" is not valid; allowed: an absolute path"),
            (["TULLE_REDIRECT": "--dns=x"], "TULLE_REDIRECT: redirect: --dns \"x\" is not valid; allowed: on or off"),
        ]
    )
    func refused(_ variables: [String: String], _ beginning: String) {
        #expect {
            try Self.settings(variables)
        } throws: { error in
            "\(error)".hasPrefix(beginning)
        }
    }
}
