import MeshModel

/// Rules on hosts, addresses and ports of services.
enum ServiceRules {
    /// TUL0401, TUL0403.
    static func hosts(_ context: AnalysisContext) -> [Finding] {
        var entries: [String: [(resource: DeclaredResource, entry: Declared.ServiceEntry)]] = [:]
        for resource in context.resources {
            guard case .serviceEntry(let entry) = resource.spec else { continue }
            for host in Set(entry.hosts) { entries[host, default: []].append((resource, entry)) }
        }
        return entries.filter { $0.value.count > 1 }.flatMap { host, found -> [Finding] in
            let ordered = found.sorted { left, right in
                (left.resource.metadata.created, left.resource.key) < (
                    right.resource.metadata.created, right.resource.key
                )
            }
            let first = ordered[0]
            let name = "\(first.resource.metadata.namespace)/\(first.resource.metadata.name)"
            return ordered.dropFirst().flatMap { other -> [Finding] in
                let conflicts = Self.portConflicts(first.entry, other.entry).map { conflict in
                    Finding(.portConflict, other.resource, "host \(host): \(conflict) in \(name)")
                }
                let isSame = other.resource.metadata.namespace == first.resource.metadata.namespace
                let effect =
                    isSame ? "it is older and decides" : "clients outside both namespaces get that of the older one"
                let message = "the ServiceEntry \(name) has the host \(host) too; \(effect)"
                return conflicts + [Finding(.hostnameTwice, other.resource, message)]
            }
        }
    }

    private static func portConflicts(_ first: Declared.ServiceEntry, _ other: Declared.ServiceEntry) -> [String] {
        let known = Dictionary(first.ports.map { ($0.number, $0) }) { first, _ in first }
        return other.ports.compactMap { port in
            guard let before = known[port.number], before.protocol != port.protocol else { return nil }
            let (own, others) = (port.protocol.isEmpty ? "no protocol" : port.protocol, before.protocol)
            return "port \(port.number) is \(own) here and \(others.isEmpty ? "without protocol" : others)"
        }
    }

    /// An address or block with its owner.
    private struct Block {
        var base: IPAddress
        var length: Int
        var service: AnalysisContext.KnownService
        var text: String
    }

    /// TUL0402, TUL0404. Blocks are nested or apart, so that one walk in order finds all that overlap.
    static func addresses(_ context: AnalysisContext) -> [Finding] {
        let blocks = context.services.flatMap { service in
            service.addresses.compactMap { Self.block($0, of: service) }
        }
        .sorted { ($0.base, $0.length, $0.service.key) < ($1.base, $1.length, $1.service.key) }
        var open: [Block] = []
        var findings: [Finding] = []
        for block in blocks {
            while let outer = open.last, !block.base.isContained(in: outer.base, prefixLength: outer.length) {
                open.removeLast()
            }
            if let outer = open.last, let finding = Self.overlap(block, outer) { findings.append(finding) }
            open.append(block)
        }
        return findings
    }

    private static func overlap(_ block: Block, _ outer: Block) -> Finding? {
        let isSameHost = !Set(block.service.hostnames).isDisjoint(with: outer.service.hostnames)
        guard block.service.key != outer.service.key, !isSameHost else { return nil }
        let isEqual = block.base == outer.base && block.length == outer.length
        // What a person can change is the declared one.
        let subject = block.service.resource ?? outer.service.resource
        if isEqual {
            let message =
                "\(block.service.key) and \(outer.service.key) both have the address \(block.text): connections to "
                + "it go to one of them only"
            return Finding(.addressTwice, subject, message)
        }
        let message =
            "\(block.text) of \(block.service.key) lies in \(outer.text) of \(outer.service.key); the narrower one wins"
        return Finding(.addressInsideBlock, subject, message)
    }

    private static func block(_ text: String, of service: AnalysisContext.KnownService) -> Block? {
        let parts = text.split(separator: "/", maxSplits: 1)
        guard let first = parts.first, let address = IPAddress(parsing: first) else { return nil }
        let full = address.isV4 ? 32 : 128
        guard parts.count == 2 else { return Block(base: address, length: full, service: service, text: text) }
        guard let length = Int(parts[1]), (0...full).contains(length) else { return nil }
        return Block(base: address.prefix(length), length: length, service: service, text: text)
    }
}
