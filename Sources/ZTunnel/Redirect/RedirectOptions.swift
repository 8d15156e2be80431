import MeshModel

/// What the command line of `ztunnel redirect` asks for.
package struct RedirectOptions: Hashable, Sendable {
    /// What is to be done with the rules.
    package enum Action: String, Hashable, Sendable, CaseIterable {
        /// Put them in, in place of what was there.
        case apply
        /// Take them out.
        case remove
        /// Say what is there.
        case show
    }

    /// Why a command line makes no sense.
    package struct Misuse: Error, Hashable, Sendable {
        /// What is wrong and what is allowed.
        package var text: String
    }

    /// What is to be done.
    package var action: Action
    /// The rules.
    package var plan: RedirectPlan
    /// Whether to print the rules and change nothing.
    package var isDryRun = false

    /// Reads the arguments after `redirect`; what they don't say is as in `plan`.
    package init(arguments: [String], plan: RedirectPlan = .dedicated()) throws(Misuse) {
        guard let first = arguments.first, let action = Action(rawValue: first) else {
            let given = arguments.first.map { "\"\($0.prefix(64))\"" } ?? "nothing"
            throw Misuse(text: "redirect: \(given) given; allowed: apply, remove or show")
        }
        self.action = action
        self.plan = plan
        var rest = arguments.dropFirst()
        while let argument = rest.popFirst() {
            let equals = argument.firstIndex(of: "=")
            let name = String(argument[..<(equals ?? argument.endIndex)])
            var value = equals.map { String(argument[$0...].dropFirst()) }
            if value == nil, Self.takesValue(name), let next = rest.first {
                value = next
                rest = rest.dropFirst()
            }
            try self.take(name, value)
        }
        self.plan.excludedPorts = Self.sorted(self.plan.excludedPorts)
        self.plan.excludedInboundPorts = Self.sorted(self.plan.excludedInboundPorts)
        self.plan.excludedNetworks = Self.sorted(self.plan.excludedNetworks)
        let counts = [
            self.plan.excludedPorts.count, self.plan.excludedInboundPorts.count, self.plan.excludedNetworks.count,
        ]
        guard counts.allSatisfy({ $0 <= RedirectPlan.maximumExclusions }) else {
            throw Misuse(text: "redirect: at most \(RedirectPlan.maximumExclusions) exclusions of one kind are allowed")
        }
    }

    private static func takesValue(_ name: String) -> Bool {
        ["--uid", "--exclude-port", "--exclude-inbound-port", "--exclude-cidr"].contains(name)
    }

    private static func sorted<Item: Hashable & Comparable>(_ items: [Item]) -> [Item] { Set(items).sorted() }

    private mutating func take(_ name: String, _ value: String?) throws(Misuse) {
        switch name {
        case "--uid":
            let user = value.flatMap { Self.number($0) }.flatMap { UInt32(exactly: $0) }
            guard let user, user != UInt32.max else {
                throw Self.misuse(name, value, allowed: "the number of the user that ztunnel runs as, as 15301")
            }
            self.plan.exemption = .user(user)
        case "--mark":
            guard value == nil else { throw Self.misuse(name, value, allowed: "no value") }
            self.plan.exemption = .mark
        case "--dns": self.plan.capturesDNS = try Self.flag(name, value)
        case "--ipv6": self.plan.capturesIPv6 = try Self.flag(name, value)
        case "--inbound": self.plan.capturesInbound = try Self.flag(name, value)
        case "--keep-source": self.plan.preservesSource = try Self.flag(name, value)
        case "--dry-run": self.isDryRun = try Self.flag(name, value)
        case "--exclude-port": self.plan.excludedPorts += try Self.ports(name, value)
        case "--exclude-inbound-port": self.plan.excludedInboundPorts += try Self.ports(name, value)
        case "--exclude-cidr":
            for part in Self.parts(value) {
                // A block of length 0 would turn all capture off, which nobody means to say in this way.
                guard let block = AddressBlock(parsing: part)?.canonical, block.length > 0 else {
                    let allowed = "an address or a block such as 10.0.0.0/8, several by commas"
                    throw Self.misuse(name, part, allowed: allowed)
                }
                self.plan.excludedNetworks.append(block.masked)
            }
        default:
            throw Misuse(text: "redirect: unknown option \(name.prefix(64))")
        }
    }

    private static func flag(_ name: String, _ value: String?) throws(Misuse) -> Bool {
        switch value {
        case nil, "on", "true": return true
        case "off", "false": return false
        default: throw self.misuse(name, value, allowed: "on or off")
        }
    }

    private static func ports(_ name: String, _ value: String?) throws(Misuse) -> [UInt16] {
        var ports: [UInt16] = []
        for part in self.parts(value) {
            guard let port = self.number(part).flatMap({ UInt16(exactly: $0) }), port > 0 else {
                throw self.misuse(name, part, allowed: "ports from 1 to 65535, several by commas")
            }
            ports.append(port)
        }
        return ports
    }

    /// The parts of a list; a missing value is one empty part, which nothing accepts.
    private static func parts(_ value: String?) -> [String] {
        (value ?? "").split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
    }

    private static func number(_ text: String) -> UInt64? {
        guard (1...10).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return UInt64(text)
    }

    private static func misuse(_ name: String, _ value: String?, allowed: String) -> Misuse {
        Misuse(text: "redirect: \(name) \"\((value ?? "").prefix(64))\" is not valid; allowed: \(allowed)")
    }
}
