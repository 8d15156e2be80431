import Foundation
import Glibc

/// What a lab is made of; every field has a default but the places of programs.
package struct LabConfiguration: Sendable {
    /// How tasks are kept apart.
    package enum Mode: String, Sendable, Codable {
        /// One network namespace a task; needs root.
        case namespaces
        /// One loopback address a task; capture by SOCKS only.
        case loopback
    }

    /// Where the lab keeps its ledger, status, keys and logs.
    package var stateDirectory: String
    /// The VPC's network.
    package var network: IPv4Network
    /// Whether tasks have IPv6 addresses too, as in dual-stack subnets.
    package var isDualStack: Bool
    /// Port of the ECS agent's introspection on 127.0.0.1; nil takes 51678, or any if that is taken.
    package var introspectionPort: Int?
    /// Port of the AWS API.
    package var apiPort: Int
    package var mode: Mode
    /// Name of the bridge; 15 characters at most.
    package var bridge: String
    package var region: String
    /// The Python that has moto.
    package var python: String
    /// The project's scripts/lab directory.
    package var scripts: String
    package var images: ImageTable
    /// Resolver for names that no private zone has; nil answers REFUSED.
    package var upstreamResolver: String?

    package init(
        stateDirectory: String,
        network: IPv4Network,
        isDualStack: Bool = false,
        introspectionPort: Int? = nil,
        apiPort: Int,
        mode: Mode,
        bridge: String,
        region: String,
        python: String,
        scripts: String,
        images: ImageTable,
        upstreamResolver: String?
    ) {
        self.stateDirectory = stateDirectory
        self.network = network
        self.isDualStack = isDualStack
        self.introspectionPort = introspectionPort
        self.apiPort = apiPort
        self.mode = mode
        self.bridge = bridge
        self.region = region
        self.python = python
        self.scripts = scripts
        self.images = images
        self.upstreamResolver = upstreamResolver
    }

    /// Where the AWS API, the resolver and the router are: the bridge's address, or 127.0.0.1.
    package var hostAddress: String {
        self.mode == .namespaces ? self.network.gateway.description : "127.0.0.1"
    }

    /// The AWS API's URL, for the host and for tasks.
    package var apiURL: String { "http://\(self.hostAddress):\(self.apiPort)" }

    /// The tasks' IPv6 network, if they have one.
    package var networkV6: IPv6Network? {
        self.isDualStack && self.mode == .namespaces ? IPv6Network(beside: self.network) : nil
    }

    /// Names what stops this configuration from running, or nothing.
    package func problems() -> [String] {
        var problems: [String] = []
        if !(1...65535).contains(self.apiPort) { problems.append("--port \(self.apiPort): must be 1 to 65535") }
        if let port = self.introspectionPort, !(1...65535).contains(port) {
            problems.append("--introspection-port \(port): must be 1 to 65535")
        }
        let name = self.bridge.utf8
        let allowed = name.allSatisfy { ($0 >= 48 && $0 <= 57) || ($0 >= 97 && $0 <= 122) || $0 == 45 }
        if name.isEmpty || name.count > 15 || !allowed {
            problems.append("--bridge \(self.bridge.prefix(32)): 1 to 15 of a-z, 0-9 and -")
        }
        if access(self.python, X_OK) != 0 {
            problems.append(
                "no Python at \(self.python): run scripts/setup.sh, or name one that has moto with --python"
            )
        }
        if access("\(self.scripts)/moto_server.py", R_OK) != 0 {
            problems.append("no moto_server.py in \(self.scripts): name the project's scripts/lab with --scripts")
        }
        var tools = ["sleep"]
        if self.mode == .namespaces {
            tools += ["ip", "iptables", "iptables-restore", "setpriv", "sysctl"]
            if geteuid() != 0 { problems.append("network namespaces need root: run as root, or with --loopback") }
        }
        for tool in tools where Tools.find(tool) == nil {
            problems.append("\(tool) isn't installed")
        }
        return problems
    }
}
