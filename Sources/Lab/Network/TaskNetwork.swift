import Foundation
import Glibc

/// One task's network as awsvpc mode gives it: a namespace with one interface that has the ENI's address.
package struct TaskNetwork: Sendable {
    /// The namespace's name.
    package let namespace: String
    private let link: String
    private let address: IPv4Address
    private let addressV6: String?
    private let networkV6: IPv6Network?
    private let hardwareAddress: String?
    private let bridge: String
    private let network: IPv4Network
    private let ledger: Ledger
    private let tools = Tools()

    /// The network of a task; nothing is made yet.
    ///
    /// Names are cut from the task id: interface names have 15 characters at most.
    package init(
        taskID: String,
        address: IPv4Address,
        addressV6: String? = nil,
        networkV6: IPv6Network? = nil,
        hardwareAddress: String?,
        bridge: String,
        network: IPv4Network,
        ledger: Ledger
    ) {
        self.namespace = "tulle-\(taskID.prefix(12))"
        self.link = "tl\(taskID.prefix(12))"
        self.address = address
        self.addressV6 = addressV6
        self.networkV6 = networkV6
        self.hardwareAddress = hardwareAddress
        self.bridge = bridge
        self.network = network
        self.ledger = ledger
    }

    /// Makes the namespace, its interface and its resolv.conf.
    package func make() async throws {
        guard self.network.contains(self.address) else {
            throw LabError(
                .invalidConfiguration,
                "the task's address \(self.address) isn't in the lab's network \(self.network): use the subnets of the"
                    + " lab's own VPC"
            )
        }
        guard !Cleaner.hasNamespace(self.namespace), !Cleaner.hasLink(self.link) else {
            throw LabError(
                .foreignResource,
                "network namespace \(self.namespace) or interface \(self.link) is there already"
            )
        }
        if !FileManager.default.fileExists(atPath: "/etc/netns") {
            try self.ledger.willMake(.emptyDirectory(path: "/etc/netns"))
            guard mkdir("/etc/netns", 0o755) == 0 || errno == EEXIST else {
                throw LabError(.commandFailed, "can't make /etc/netns: \(String(cString: strerror(errno)))")
            }
        }
        try self.ledger.willMake(.directory(path: self.resolverDirectory))
        try FileManager.default.createDirectory(atPath: self.resolverDirectory, withIntermediateDirectories: true)
        let resolver = "nameserver \(self.network.gateway)\noptions timeout:2 attempts:2\n"
        try resolver.write(toFile: "\(self.resolverDirectory)/resolv.conf", atomically: false, encoding: .utf8)
        chmod("\(self.resolverDirectory)/resolv.conf", 0o644)

        try self.ledger.willMake(.namespace(name: self.namespace))
        try await self.tools.run("ip", ["netns", "add", self.namespace])
        try self.ledger.willMake(.link(name: self.link))
        // The pair is made with one end in the namespace, so that nothing in the host's can take hold of it.
        let hardware = self.hardwareAddress.flatMap { Self.isHardwareAddress($0) ? " address \($0)" : nil } ?? ""
        let outside = [
            "link add \(self.link) type veth peer name eth1\(hardware) netns \(self.namespace)",
            "link set \(self.link) master \(self.bridge) up",
        ]
        try await self.tools.run("ip", ["-batch", "-"], input: outside.joined(separator: "\n") + "\n")
        var inside = [
            "link set lo up",
            "address add \(self.address)/\(self.network.prefixLength) dev eth1",
            "link set eth1 up",
            "route add default via \(self.network.gateway)",
        ]
        if let address = self.addressV6, let network = self.networkV6 {
            // Nobody else can have it, so there is no need to wait until it is known to be free.
            inside.append("address add \(address)/\(network.prefixLength) dev eth1 nodad")
            inside.append("route add ::/0 via \(network.address(of: self.network.gateway))")
        }
        try await self.tools.run(
            "ip",
            ["-netns", self.namespace, "-batch", "-"],
            input: inside.joined(separator: "\n") + "\n"
        )
    }

    /// Installs ECS's redirect inside the namespace.
    package func install(_ rules: RedirectRules) async throws {
        try await self.tools.run(
            "ip",
            ["netns", "exec", self.namespace, "iptables-restore", "--wait", "5", "--noflush"],
            input: rules.restoreInput
        )
    }

    /// Sets a kernel parameter of the namespace, as a definition's systemControls ask.
    package func set(_ parameter: String, to value: String) async throws {
        guard parameter.hasPrefix("net."), !parameter.contains("/"), !parameter.contains("=") else {
            throw LabError(.containerUnsupported, "systemControls \(parameter.prefix(80)): the lab sets net.* only")
        }
        try await self.tools.run(
            "ip",
            ["netns", "exec", self.namespace, "sysctl", "-q", "-w", "\(parameter)=\(value)"]
        )
    }

    /// Removes all of it, with every process that is still inside.
    package func remove() async throws {
        let cleaner = Cleaner(ledger: self.ledger)
        for resource: Resource in [
            .namespace(name: self.namespace), .link(name: self.link), .directory(path: self.resolverDirectory),
        ] {
            try await cleaner.remove(resource)
            try self.ledger.didRemove(resource)
        }
    }

    private var resolverDirectory: String { "/etc/netns/\(self.namespace)" }

    private static func isHardwareAddress(_ text: String) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 6 && parts.allSatisfy { $0.count == 2 && UInt8($0, radix: 16) != nil }
    }
}
