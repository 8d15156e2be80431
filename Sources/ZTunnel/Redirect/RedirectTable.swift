import Glibc
package import TunnelEngine

/// The redirect rules of one network namespace, as the kernel has them.
///
/// Every call blocks for as long as the `nft` program takes, some milliseconds; and fails with what it printed.
package struct RedirectTable: Sendable {
    /// What was found.
    package enum Finding: Hashable, Sendable {
        /// No rules of ours.
        case absent
        /// The rules are exactly those of the plan.
        case matches(listing: String)
        /// There are rules, but others; this is what is different.
        case differs(listing: String, reason: String)
    }

    private let namespace: NetworkNamespace?
    private let tool: ChildProgram
    private let route: PolicyRoute

    /// Where the `nft` program may be, in order.
    static let places = ["/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft", "/bin/nft"]

    /// The rules of `namespace`; nil is the process's own.
    package init(namespace: NetworkNamespace? = nil) throws(RedirectError) {
        guard let path = Self.places.first(where: { access($0, X_OK) == 0 }) else {
            throw RedirectError("nft is in none of \(Self.places.joined(separator: ", ")); is nftables in this image?")
        }
        self.namespace = namespace
        self.tool = ChildProgram(path: path)
        self.route = PolicyRoute(namespace: namespace)
    }

    /// Puts the plan's rules in, in place of those that were there; doing so again changes nothing.
    package func apply(_ plan: RedirectPlan) throws(RedirectError) {
        // First the way back for answers, then what marks them; the other way round answers would get lost meanwhile.
        if plan.preservesSource { try self.setRoutes(true, ipv6: plan.capturesIPv6) }
        try self.load(RedirectRules(plan).script)
        if !plan.preservesSource { try self.setRoutes(false, ipv6: true) }
    }

    /// Takes all of it out, whether it is there or not.
    package func remove() throws(RedirectError) {
        try self.load(RedirectRules.removal)
        try self.setRoutes(false, ipv6: true)
    }

    /// Compares what is there with the plan.
    package func find(_ plan: RedirectPlan) throws(RedirectError) -> Finding {
        let outcome = try self.run(["list", "table"] + self.tableWords)
        guard outcome.status == 0 else {
            if outcome.says("No such file or directory") { return .absent }
            throw self.failure(outcome, "list table")
        }
        guard RedirectRules(plan).matches(outcome.output) else {
            return .differs(listing: outcome.output, reason: "the rules are not those of the options")
        }
        for isV4 in [true, false] {
            let wanted = plan.preservesSource && (isV4 || plan.capturesIPv6)
            guard try self.hasRoute(isV4: isV4) == wanted else {
                let family = isV4 ? "IPv4" : "IPv6"
                let missing = "the \(family) rule to table 100 is missing"
                let reason = wanted ? missing : "there is an \(family) rule to table 100"
                return .differs(listing: outcome.output, reason: reason)
            }
        }
        return .matches(listing: outcome.output)
    }

    private var tableWords: [String] { RedirectRules.table.split(separator: " ").map { String($0) } }

    private func load(_ script: String) throws(RedirectError) {
        let outcome = try self.run(["-f", "-"], input: script)
        guard outcome.status == 0 else { throw self.failure(outcome, "-f -") }
    }

    private func failure(_ outcome: ChildProgram.Outcome, _ call: String) -> RedirectError {
        let line = outcome.output.split(separator: "\n").first.map { String($0.prefix(300)) } ?? "no output"
        let isDenied = outcome.says("Operation not permitted")
        let remedy = isDenied ? "; the container needs CAP_NET_ADMIN" : ""
        return RedirectError("nft \(call) ended with status \(outcome.status): \(line)\(remedy)")
    }

    private func setRoutes(_ isPresent: Bool, ipv6: Bool) throws(RedirectError) {
        do throws(SocketError) {
            for isV4 in ipv6 ? [true, false] : [true] {
                if isPresent { try self.route.add(isV4: isV4) } else { try self.route.remove(isV4: isV4) }
            }
        } catch {
            let remedy = error.code == EPERM ? "; the container needs CAP_NET_ADMIN" : ""
            throw RedirectError("routing table 100: \(error)\(remedy)")
        }
    }

    private func hasRoute(isV4: Bool) throws(RedirectError) -> Bool {
        do throws(SocketError) {
            return try self.route.exists(isV4: isV4)
        } catch {
            throw RedirectError("routing table 100: \(error)")
        }
    }

    private func run(_ arguments: [String], input: String = "") throws(RedirectError) -> ChildProgram.Outcome {
        do throws(SocketError) {
            return try self.tool.run(arguments, input: input, in: self.namespace)
        } catch {
            throw RedirectError("\(self.tool.path) \(arguments.first ?? ""): \(error)")
        }
    }
}

extension ChildProgram.Outcome {
    /// Whether the output holds a text. Not by `contains(String)`: that would link Swift's whole engine for regular
    /// expressions, a megabyte, into ztunnel.
    fileprivate func says(_ text: String) -> Bool {
        let output = Array(self.output.utf8)
        let text = Array(text.utf8)
        guard output.count >= text.count else { return false }
        return (0...(output.count - text.count)).contains { output[$0...].starts(with: text) }
    }
}
