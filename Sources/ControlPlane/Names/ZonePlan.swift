package import AWSClient
import MeshModel

/// What must change in a zone so that it holds the services' names. Pure.
///
/// Beside each address record stands a TXT record under `_tulle.<name>` that says whose it is. Records without it, or with
/// another's, belong to someone else and are never touched. Where it is of the form that named no mesh yet, a name that we
/// want is ours, and marked anew; one that we don't want may be another mesh's, and stays.
package struct ZonePlan: Sendable, Hashable {
    /// How long resolvers may keep an answer, in seconds. Virtual addresses hardly ever move, but a service that
    /// appears must not be hidden behind an older answer for long.
    package static let timeToLive = 5

    /// The changes, the two records of one name next to each other.
    package private(set) var changes: [RecordChange] = []
    /// Names that a service wants but someone else holds.
    package private(set) var conflicts: [String] = []
    /// Names that nobody here wants, with a mark of the form that named no mesh.
    package private(set) var leftovers: [String] = []
    /// How many names of services the zone holds after the changes.
    package private(set) var names = 0

    /// Compares a zone with what it should hold.
    ///
    /// - Parameters:
    ///   - zone: the zone's name, without a dot at the end.
    ///   - services: all services. Names outside the zone and services without an address are left out.
    ///   - existing: every record of the zone.
    ///   - owner: who we are.
    package init(zone: String, services: [MeshService], existing: [RecordSet], owner: ZoneOwner) {
        var wanted: [String: IPAddress] = [:]
        for service in services.sorted(by: { $0.key < $1.key }) {
            guard let address = service.address, address.isV4 else { continue }
            for name in service.hostnames where name == zone || name.hasSuffix(".\(zone)") {
                // The first by key wins, always the same one.
                if wanted[name] == nil { wanted[name] = address }
            }
        }
        var addresses: [String: RecordSet] = [:]
        var marks: [String: RecordSet] = [:]
        var earlier: Set<String> = []
        var others: Set<String> = []
        for record in existing {
            let name = record.name.hasSuffix(".") ? String(record.name.dropLast()) : record.name
            switch record.type {
            case "A": addresses[name] = record
            case "TXT" where name.hasPrefix("_tulle."):
                let marked = String(name.dropFirst("_tulle.".count))
                switch record.values.count == 1 ? record.values[0] : "" {
                case owner.mark: marks[marked] = record
                case let mark where owner.formerMarks.contains(mark): marks[marked] = record
                case owner.earlierMark: earlier.insert(marked)
                default: others.insert(marked)
                }
            case "CNAME":
                others.insert(name)
                // Our mark can't stand there.
                if name.hasPrefix("_tulle.") { others.insert(String(name.dropFirst("_tulle.".count))) }
            case "AAAA": others.insert(name)
            case "NS": if name != zone { others.insert(name) }
            default: break
            }
        }
        for (name, address) in wanted.sorted(by: { $0.key < $1.key }) {
            let isOurs = marks[name] != nil
            guard isOurs || (!others.contains(name) && (earlier.contains(name) || addresses[name] == nil)) else {
                self.conflicts.append(name)
                continue
            }
            self.names += 1
            let record = RecordSet(name: name, type: "A", timeToLive: Self.timeToLive, values: ["\(address)"])
            let text = RecordSet(name: "_tulle.\(name)", type: "TXT", timeToLive: Self.timeToLive, values: [owner.mark])
            if addresses[name] != record || marks[name]?.values != text.values {
                self.changes += [.upsert(record), .upsert(text)]
            }
        }
        self.leftovers = earlier.filter { wanted[$0] == nil }.sorted()
        for (name, text) in marks.sorted(by: { $0.key < $1.key }) where wanted[name] == nil {
            if let record = addresses[name] { self.changes.append(.delete(record)) }
            self.changes.append(.delete(text))
        }
    }
}
