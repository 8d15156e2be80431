package import AWSClient

/// How the replica that answered stands among the others, from `shared` of `/v1/version`.
package enum ReplicaText {
    /// One line about it, and one for each work that one replica only does.
    package static func lines(_ shared: JSONValue) -> [String] {
        let name = shared["name"]?.string ?? "-"
        let contact = shared["lastContact"]?.string.map { ", last answer \($0)" } ?? ", which never answered"
        let revision = shared["revision"]?.int ?? 0
        let first =
            "replica \(name): revision \(revision) of \(shared["documents"]?.int ?? 0) resources in table "
            + "\(shared["table"]?.string ?? "-")\(contact)"
        let leases = (shared["leases"]?.array ?? []).map { lease in
            let holder = lease["holder"]?.string ?? "nobody"
            return "\(lease["work"]?.string ?? "-"): \(holder)\(lease["isOurs"]?.bool == true ? ", this one" : "")"
        }
        return ([first] + leases).map { PlainLine.text($0) }
    }

    /// What is wrong with it.
    package static func problems(_ shared: JSONValue) -> [String] {
        let table = shared["error"]?.string.map { "the shared table does not answer: \($0)" }
        let configuration = shared["configurationError"]?.string.map { "the configuration is not followed: \($0)" }
        return [configuration ?? table].compactMap { $0 }.map { PlainLine.text($0) }
    }
}
