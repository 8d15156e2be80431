package import MeshModel

/// Writes the mesh's state as members of a JSON object, an element at a time: a mesh of 100,000 workloads costs a list of
/// their uids, not their text.
package struct MeshDump {
    private let snapshot: MeshSnapshot
    private var part = Part.start
    /// Names of the list that is being written, and how many of them are done.
    private var uids: [String] = []
    private var services: [NamespacedHostname] = []
    private var index = 0

    private enum Part {
        case start, workloads, services, policies, staged, end
    }

    /// Takes the state of this moment.
    package init(_ snapshot: MeshSnapshot) {
        self.snapshot = snapshot
    }

    /// Writes the next element; false when there is none left.
    package mutating func step(_ writer: inout JSONWriter) -> Bool {
        switch self.part {
        case .start:
            self.beginArray(.workloads, "workloads", &writer)
            self.uids = self.snapshot.workloadUIDs
        case .workloads:
            guard let uid = self.next(self.uids) else {
                writer.endArray()
                self.beginArray(.services, "services", &writer)
                self.services = self.snapshot.serviceKeys
                return true
            }
            if let workload = self.snapshot.workload(uid: uid) { writer.workload(workload) }
        case .services:
            guard let key = self.next(self.services) else {
                writer.endArray()
                self.beginArray(.policies, "policies", &writer)
                self.uids = self.snapshot.policyKeys
                return true
            }
            if let service = self.snapshot.service(key) { writer.service(service, in: self.snapshot) }
        case .policies:
            guard let key = self.next(self.uids) else {
                writer.endArray()
                writer.name("stagedServices")
                writer.beginObject()
                self.begin(.staged)
                self.services = self.snapshot.stagedServiceKeys
                return true
            }
            if let policy = self.snapshot.policy(key: key) { writer.policy(policy) }
        case .staged:
            guard let key = self.next(self.services) else {
                writer.endObject()
                self.begin(.end)
                return true
            }
            writer.name("\(key)")
            writer.endpoints(of: key, in: self.snapshot)
        case .end: return false
        }
        return true
    }

    private mutating func next<Name>(_ names: [Name]) -> Name? {
        guard self.index < names.count else { return nil }
        defer { self.index += 1 }
        return names[self.index]
    }

    private mutating func beginArray(_ part: Part, _ name: String, _ writer: inout JSONWriter) {
        writer.name(name)
        writer.beginArray()
        self.begin(part)
    }

    private mutating func begin(_ part: Part) {
        self.part = part
        self.index = 0
    }
}
