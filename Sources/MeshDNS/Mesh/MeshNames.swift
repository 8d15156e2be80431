package import MeshModel

/// Which names the mesh answers, and with what: pure.
///
/// As in Istio's ztunnel, with three things more: services of Tulle answer at `<service>.<namespace>` and in their own
/// namespace at `<service>`; the search list is the client's own; and endpoints of a headless service count only on the
/// client's network.
package struct MeshNames: Hashable, Sendable {
    /// The domain of the mesh's services, such as `mesh.internal`.
    package var meshDomain: DNSName
    /// The domain of Kubernetes services, such as `cluster.local`.
    package var clusterDomain: DNSName
    /// The client's search list.
    package var search: [DNSName]
    /// A namespace whose services win over those of other foreign namespaces; "" for none.
    package var preferredNamespace = ""
    /// Whether AAAA questions get addresses.
    package var isIPv6Enabled = true

    /// For how long clients may keep our records, in seconds: a change of the mesh should be seen soon.
    package static let timeToLive: UInt32 = 30
    /// Records in one answer; among more endpoints a random choice is made. 64 KiB hold them all.
    package static let maximumRecords = 2_000

    /// Names as a client with the search list `search` asks them.
    package init(meshDomain: DNSName, clusterDomain: DNSName, search: [DNSName]) {
        self.meshDomain = meshDomain
        self.clusterDomain = clusterDomain
        self.search = search
    }

    /// The search list that Kubernetes gives to pods of `namespace`, for clients whose own is not known.
    package static func kubernetesSearch(namespace: String, clusterDomain: DNSName) -> [DNSName] {
        ["\(namespace).svc.", "svc.", ""].compactMap { DNSName(parsing: "\($0)\(clusterDomain)") }
    }

    // MARK: Finding

    /// A service that a name stands for.
    package struct Match: Hashable, Sendable {
        /// The service.
        package var service: Service
        /// The name that is left when a search domain was taken off; nil when none was, or a wildcard matched.
        package var stripped: DNSName?
    }

    /// A name to look for.
    private struct Candidate {
        var name: DNSName
        var kind: MeshSnapshot.NameKind = .hostname
        var stripped: DNSName?
    }

    /// The service that `name` means to a client of `namespace`; nil when the mesh does not know it.
    package func match(_ name: DNSName, from namespace: String, in snapshot: MeshSnapshot) -> Match? {
        // Most questions are for names as they are, and need no list of what else they may mean.
        if let match = self.match(Candidate(name: name), from: namespace, in: snapshot) { return match }
        var seen: Set<DNSName> = [name]
        for candidate in self.candidates(for: name, from: namespace) {
            guard candidate.kind == .short || seen.insert(candidate.name).inserted else { continue }
            if let match = self.match(candidate, from: namespace, in: snapshot) { return match }
        }
        return nil
    }

    /// The service that a candidate names, or a wildcard above it.
    private func match(_ candidate: Candidate, from namespace: String, in snapshot: MeshSnapshot) -> Match? {
        let found = { (text: String) in
            snapshot.service(
                named: text,
                candidate.kind,
                from: namespace,
                preferredNamespace: self.preferredNamespace
            ) { self.isAnswered($0) }
        }
        if let service = found("\(candidate.name)") { return Match(service: service, stripped: candidate.stripped) }
        guard candidate.kind == .hostname else { return nil }
        for rest in candidate.name.ancestors {
            if let service = found("*.\(rest)") { return Match(service: service, stripped: nil) }
        }
        return nil
    }

    /// Whether a service has something to say: virtual addresses, or a name of ours that stands for its endpoints.
    private func isAnswered(_ service: Service) -> Bool {
        guard service.vips.isEmpty else { return true }
        let hostname = service.hostname.lowercased()
        return hostname.hasSuffix(".svc.\(self.clusterDomain)") || hostname.hasSuffix(".\(self.meshDomain)")
    }

    /// The names to try after `name` itself, in order: what it may be short for, then the name without each search
    /// domain, each time with what that may be short for.
    private func candidates(for name: DNSName, from namespace: String) -> [Candidate] {
        var candidates = self.expansions(of: name, from: namespace, stripped: nil)
        for domain in self.search {
            guard let rest = name.removing(suffix: domain) else { continue }
            candidates.append(Candidate(name: rest, stripped: rest))
            candidates += self.expansions(of: rest, from: namespace, stripped: rest)
        }
        return candidates
    }

    /// What a short name may stand for.
    private func expansions(of name: DNSName, from namespace: String, stripped: DNSName?) -> [Candidate] {
        let labels = name.count
        let endsInSvc = name.last == Array("svc".utf8)
        var texts: [String] = []
        switch labels {
        case 1: texts = ["\(name).\(namespace).\(self.meshDomain)", "\(name).\(namespace).svc.\(self.clusterDomain)"]
        case 2:
            texts = [
                "\(name).\(self.meshDomain)", "\(name).svc.\(self.clusterDomain)",
                "\(name).\(namespace).svc.\(self.clusterDomain)",
            ]
        case 3:
            texts = (endsInSvc ? ["\(name).\(self.clusterDomain)"] : []) + ["\(name).svc.\(self.clusterDomain)"]
        case 4 where endsInSvc: texts = ["\(name).\(self.clusterDomain)"]
        default: break
        }
        var candidates = texts.compactMap { DNSName(parsing: $0) }.map { Candidate(name: $0, stripped: stripped) }
        if labels == 2 {
            candidates.append(Candidate(name: name, kind: .short, stripped: stripped))
        } else if labels == 1, let full = DNSName(parsing: "\(name).\(namespace)") {
            candidates.append(Candidate(name: full, kind: .short, stripped: stripped))
        }
        return candidates
    }

    // MARK: Answering

    /// What to tell a client.
    package struct Answer: Hashable, Sendable {
        /// The service that answered.
        package var service: Service
        /// The records; none when the service has no address of the family on the client's network.
        package var records: [DNSRecord]
    }

    /// The answer to `question`; nil when other servers must be asked: a name that is not the mesh's, or another type
    /// than A and AAAA.
    package func answer(
        _ question: DNSQuestion,
        from client: Workload,
        in snapshot: MeshSnapshot,
        random: inout some RandomNumberGenerator
    ) -> Answer? {
        guard question.classCode == DNSQuestion.internet, question.type == .a || question.type == .aaaa,
            let match = self.match(question.name, from: client.namespace, in: snapshot)
        else { return nil }
        let addresses = self.addresses(of: match.service, type: question.type, for: client, in: snapshot)
        guard !addresses.isEmpty else { return Answer(service: match.service, records: []) }
        let owner = match.stripped ?? question.name
        var records = addresses.shuffled(using: &random).prefix(Self.maximumRecords).map {
            DNSRecord(name: owner, timeToLive: Self.timeToLive, content: .address($0))
        }
        if match.stripped != nil {
            let alias = DNSRecord(name: question.name, timeToLive: Self.timeToLive, content: .alias(owner))
            records.insert(alias, at: 0)
        }
        return Answer(service: match.service, records: records)
    }

    private func addresses(
        of service: Service,
        type: DNSType,
        for client: Workload,
        in snapshot: MeshSnapshot
    ) -> [IPAddress] {
        let isV4 = type == .a
        switch service.families {
        case .v4Only where !isV4, .v6Only where isV4: return []
        default: break
        }
        guard isV4 || self.isIPv6Enabled else { return [] }
        guard service.vips.isEmpty else {
            return service.vips.filter { $0.network == client.network && $0.ip.isV4 == isV4 }.map(\.ip)
        }
        return snapshot.endpointAddresses(of: service, isV4: isV4, network: client.network)
    }
}
