import DataPlane
package import MeshModel

/// How a ztunnel that serves a host finds its tasks and captures their traffic.
package struct DaemonSettings: Hashable, Sendable {
    /// Who is asked for tasks.
    package enum Source: Hashable, Sendable {
        /// Docker's Engine API on this unix socket.
        case runtime(socketPath: String)
        /// The ECS agent's introspection endpoint at this address.
        case agent(SocketAddress)
    }

    /// Who is asked for tasks.
    package var source: Source
    /// Where `/proc` of the host is.
    package var processRoot: String
    /// The rules that are written into each task's namespace.
    package var redirect: RedirectPlan
    /// Bounds.
    package var limits = DaemonLimits()

    /// Docker's socket unless told otherwise.
    package static let standardSocket = "/var/run/docker.sock"
    /// The agent's endpoint, which only the host itself reaches.
    package static let standardAgent = SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 51_678)

    /// A setting that can't be used.
    package struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
        /// One line that names variable, value and what is allowed.
        package var description: String
    }

    /// Reads the settings.
    ///
    /// - `TULLE_TASK_SOURCE`: `docker`, `agent`, or `auto` (Docker where its socket is, else the agent). Default auto.
    /// - `DOCKER_HOST`: `unix://<path>`. Default `unix:///var/run/docker.sock`.
    /// - `TULLE_AGENT_ADDRESS`: `<ip>:<port>`. Default 127.0.0.1:51678.
    /// - `TULLE_PROC`: where `/proc` of the host is. Default /proc.
    /// - `TULLE_REDIRECT`: options as of `ztunnel redirect`, separated by spaces.
    /// - Parameters:
    ///   - environment: gives a variable's value; an empty one counts as absent.
    ///   - exists: whether there is a file of this path.
    package init(
        environment: (String) -> String?,
        exists: (String) -> Bool
    ) throws(Problem) {
        func read(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
        let docker = read("DOCKER_HOST") ?? "unix://\(Self.standardSocket)"
        guard docker.hasPrefix("unix:///"), docker.utf8.count <= 107 + 7 else {
            throw Self.problem("DOCKER_HOST", docker, allowed: "unix://<path> of at most 107 bytes")
        }
        let socketPath = String(docker.dropFirst("unix://".count))
        let agentText = read("TULLE_AGENT_ADDRESS")
        let agent = agentText.map { Self.address($0) } ?? Self.standardAgent
        guard let agent else {
            throw Self.problem("TULLE_AGENT_ADDRESS", agentText ?? "", allowed: "<ip>:<port>")
        }
        switch read("TULLE_TASK_SOURCE") ?? "auto" {
        case "docker": self.source = .runtime(socketPath: socketPath)
        case "agent": self.source = .agent(agent)
        case "auto": self.source = exists(socketPath) ? .runtime(socketPath: socketPath) : .agent(agent)
        case let other: throw Self.problem("TULLE_TASK_SOURCE", other, allowed: "docker, agent or auto")
        }
        self.processRoot = read("TULLE_PROC") ?? "/proc"
        guard self.processRoot.hasPrefix("/"), self.processRoot.utf8.count <= 256 else {
            throw Self.problem("TULLE_PROC", self.processRoot, allowed: "an absolute path of at most 256 bytes")
        }
        let words = (read("TULLE_REDIRECT") ?? "").split(separator: " ").map { String($0) }
        do throws(RedirectOptions.Misuse) {
            self.redirect = try RedirectOptions(arguments: ["apply"] + words, plan: .daemon()).plan
        } catch {
            throw Problem(description: "TULLE_REDIRECT: \(error.text)")
        }
        // A daemon has no user in the task's containers.
        self.redirect.exemption = .mark
    }

    private static func address(_ text: String) -> SocketAddress? {
        guard case .address(let address) = DialTarget(authority: text[...], defaultPort: 51_678) else { return nil }
        return address
    }

    private static func problem(_ variable: String, _ value: String, allowed: String) -> Problem {
        Problem(description: "\(variable)=\"\(value.prefix(128))\" is not valid; allowed: \(allowed)")
    }
}
