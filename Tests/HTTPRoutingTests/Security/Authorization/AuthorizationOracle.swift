import MeshModel
import MeshProtos

@testable import HTTPRouting

/// A second, slow reading of AuthorizationPolicy, written from its description alone: for every request it lists the ways
/// in which a receiver may read an attribute, and asks whether some or all of them fit.
struct AuthorizationOracle {
    let policies: [Policy]
    let domains: [String]

    func allows(_ view: RequestView) -> Bool {
        let denies = self.policies.filter { $0.action == .deny }
        let allows = self.policies.filter { $0.action == .allow }
        if denies.contains(where: { policy in policy.rules.contains { self.fits($0, policy, view) } }) { return false }
        return allows.isEmpty
            || allows.contains { policy in policy.rules.contains { self.fits($0, policy, view) } }
    }

    private func fits(_ rule: Policy.Rule, _ policy: Policy, _ view: RequestView) -> Bool {
        let closes = policy.action != .allow
        let from = rule.from.map { self.fields(of: $0) }
        let to = rule.to.map { self.fields(of: $0) }
        let when = rule.when.map { ($0.key, $0.values, $0.notValues) }
        func all(_ fields: [(String, [String], [String])]) -> Bool {
            fields.allSatisfy { key, yes, no in
                func fits(_ values: [String], _ any: Bool) -> Bool {
                    let readings = self.readings(key, view, loosely: any)
                    let test: ([String]) -> Bool = { reading in
                        reading.contains { text in
                            values.contains { self.fits(key, $0, text, policy) }
                        }
                    }
                    return any ? readings.contains(where: test) : !readings.isEmpty && readings.allSatisfy(test)
                }
                return (yes.isEmpty || fits(yes, closes)) && (no.isEmpty || !fits(no, !closes))
            }
        }
        return (from.isEmpty || from.contains(where: all)) && (to.isEmpty || to.contains(where: all)) && all(when)
    }

    private func fields(of source: Policy.Source) -> [(String, [String], [String])] {
        [
            ("source.principal", source.principals, source.notPrincipals),
            ("request.auth.principal", source.requestPrincipals, source.notRequestPrincipals),
            ("source.namespace", source.namespaces, source.notNamespaces),
            ("source.serviceAccount", source.serviceAccounts, source.notServiceAccounts),
            ("source.ip", source.ipBlocks, source.notIpBlocks),
            ("source.trustDomain", source.trustDomains, source.notTrustDomains),
        ]
    }

    private func fields(of operation: Policy.Operation) -> [(String, [String], [String])] {
        [
            ("host", operation.hosts, operation.notHosts), ("destination.port", operation.ports, operation.notPorts),
            ("method", operation.methods, operation.notMethods), ("path", operation.paths, operation.notPaths),
        ]
    }

    /// The readings of an attribute: each a list of texts of which one has to fit. None where it is missing.
    private func readings(_ key: String, _ view: RequestView, loosely: Bool) -> [[String]] {
        let peer = view.connection.peer
        switch key {
        case "source.principal":
            guard let peer else { return [] }
            let own = self.domains.contains(peer.trustDomain) ? self.domains + ["cluster.local"] : [peer.trustDomain]
            return [own.map { "\($0)/ns/\(peer.namespace)/sa/\(peer.serviceAccount)" }]
        case "source.namespace": return peer.map { [[$0.namespace]] } ?? []
        case "source.serviceAccount": return peer.map { [["\($0.namespace)/\($0.serviceAccount)"]] } ?? []
        case "source.trustDomain": return peer.map { [[$0.trustDomain]] } ?? []
        case "source.ip": return [["\(view.connection.source.ip)"]]
        case "destination.port": return [["\(view.connection.destination.port)"]]
        case "host":
            var names = [view.authority.lowercased()]
            let parts = names[0].split(separator: ":").map(String.init)
            let bare = parts[0].hasSuffix(".") ? String(parts[0].dropLast()) : parts[0]
            for host in [parts[0], bare] {
                names.append(parts.count == 2 ? host + ":" + parts[1] : host + ":80")
                names.append(host)
            }
            return (loosely ? names : [names[0]]).map { [$0] }
        case "method": return loosely ? [[view.method], [view.method.uppercased()]] : [[view.method]]
        case "path": return [[view.path]]
        case "request.auth.principal":
            guard case .string(let issuer)? = view.tokens.first?[["iss"]],
                case .string(let subject)? = view.tokens.first?[["sub"]]
            else { return [] }
            return [["\(issuer)/\(subject)"]]
        case "request.auth.claims[role]":
            guard case .list(let values)? = view.tokens.first?[["role"]] else { return [] }
            return [values.compactMap { if case .string(let text) = $0 { return text } else { return nil } }]
        default:
            let name = key.dropFirst("request.headers[".count).dropLast()
            let values = view.fields.filter { $0.name == name }.map(\.value)
            return values.map { [$0] } + (loosely && values.count > 1 ? [[values.joined(separator: ",")]] : [])
        }
    }

    private func fits(_ key: String, _ value: String, _ text: String, _ policy: Policy) -> Bool {
        switch key {
        case "source.ip": return self.isIn(value, text)
        case "source.serviceAccount":
            return text == (value.contains("/") ? value : "\(policy.namespace)/\(value)")
        case "host": return self.glob(value.lowercased(), text)
        case "path" where value.contains("{"): return self.template(value.split(separator: "/"), text.dropFirst())
        default: return self.glob(value, text)
        }
    }

    /// `*` stands for anything, alone for anything but nothing.
    private func glob(_ pattern: String, _ text: String) -> Bool {
        if pattern == "*" { return !text.isEmpty }
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { return pattern == text }
        return text.count >= parts[0].count + parts[1].count && text.hasPrefix(parts[0]) && text.hasSuffix(parts[1])
    }

    private func isIn(_ block: String, _ address: String) -> Bool {
        func bits(_ text: String) -> String {
            text.split(separator: ".").map { part in
                let bits = String(Int(part) ?? 0, radix: 2)
                return String(repeating: "0", count: 8 - bits.count) + bits
            }.joined()
        }
        let parts = block.split(separator: "/").map(String.init)
        let length = parts.count == 2 ? Int(parts[1]) ?? 0 : 32
        return bits(parts[0]).prefix(length) == bits(address).prefix(length)
    }

    /// Tries every length for every operator.
    private func template(_ pieces: [Substring], _ text: Substring) -> Bool {
        guard let first = pieces.first else { return false }
        let rest = Array(pieces.dropFirst())
        return text.indices.map { $0 }.appending(text.endIndex).contains { end in
            let head = text[..<end]
            let fits = first == "{**}" || (first == "{*}" ? !head.isEmpty && !head.contains("/") : head == first)
            guard fits else { return false }
            if rest.isEmpty { return end == text.endIndex }
            return end < text.endIndex && text[end] == "/" && self.template(rest, text[text.index(after: end)...])
        }
    }
}

extension Array {
    fileprivate func appending(_ element: Element) -> [Element] { self + [element] }
}
