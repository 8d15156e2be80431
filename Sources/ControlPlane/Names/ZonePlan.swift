package import AWSClient
import MeshModel

/// What must change in a zone so that it holds the services' names. Pure.
///
/// Beside each address record stands a TXT record under `_tulle.<name>` that says whose it is. Records without it
/// belong to someone else and are never touched.
package struct ZonePlan: Sendable, Hashable {
    /// How long resolvers may keep an answer, in seconds. Virtual addresses hardly ever move, but a service that
    /// appears must not be hidden behind an older answer for long.
    package static let timeToLive = 5

    /// The changes, the two records of one name next to each other.
    package private(set) var changes: [RecordChange] = []
    /// Names that a service wants but someone else holds.
    package private(set) var conflicts: [String] = []
    /// How many names of services the zone holds after the changes.
    package private(set) var names = 0

    /// Compares a zone with what it should hold.
    ///
    /// - Parameters:
    ///   - zone: the zone's name, without a dot at the end.
    ///   - services: all services. Names outside the zone and services without an address are left out.
    ///   - existing: every record of the zone.
    ///   - owner: who we are, the same for all replicas of one mesh.
    package init(zone: String, services: [MeshService], existing: [RecordSet], owner: String) {
        var wanted: [String: IPAddress] = [:]
        for service in services.sorted(by: { $0.key < $1.key }) {
            guard let address = service.address, address.isV4 else { continue }
            for name in service.hostnames where name == zone || name.hasSuffix(".\(zone)") {
                // The first by key wins, always the same one.
                if wanted[name] == nil { wanted[name] = address }
            }
        }
        let mark = "\"heritage=tulle,owner=\(owner)\""
        var addresses: [String: RecordSet] = [:]
        var marks: [String: RecordSet] = [:]
        var others: Set<String> = []
        for record in existing {
            let name = record.name.hasSuffix(".") ? String(record.name.dropLast()) : record.name
            switch record.type {
            case "A": addresses[name] = record
            case "TXT" where record.values == [mark] && name.hasPrefix("_tulle."):
                marks[String(name.dropFirst("_tulle.".count))] = record
            case "TXT", "CNAME":
                // One of another mesh, or of whoever: our mark can't stand there.
                if name.hasPrefix("_tulle.") { others.insert(String(name.dropFirst("_tulle.".count))) }
                if record.type == "CNAME" { others.insert(name) }
            case "AAAA": others.insert(name)
            case "NS": if name != zone { others.insert(name) }
            default: break
            }
        }
        for (name, address) in wanted.sorted(by: { $0.key < $1.key }) {
            let isOurs = marks[name] != nil
            guard isOurs || (addresses[name] == nil && !others.contains(name)) else {
                self.conflicts.append(name)
                continue
            }
            self.names += 1
            let record = RecordSet(name: name, type: "A", timeToLive: Self.timeToLive, values: ["\(address)"])
            let text = RecordSet(name: "_tulle.\(name)", type: "TXT", timeToLive: Self.timeToLive, values: [mark])
            if addresses[name] != record || !isOurs { self.changes += [.upsert(record), .upsert(text)] }
        }
        for (name, text) in marks.sorted(by: { $0.key < $1.key }) where wanted[name] == nil {
            if let record = addresses[name] { self.changes.append(.delete(record)) }
            self.changes.append(.delete(text))
        }
    }
}
