import Crypto
import Foundation

/// Whose names of a zone are: a mesh, by its trust domain, and a member of it, by its cluster id. The same for all replicas.
package struct ZoneOwner: Sendable, Hashable {
    /// A longer trust domain is told by its hash, as a text of DNS has 255 bytes at most.
    private static let domainBytes = 128

    /// What the TXT record beside each of our names says.
    package let mark: String
    /// What it may say for the mesh under names that it had before.
    let formerMarks: Set<String>
    /// What it said before it named the mesh. Another mesh may have meant itself by that.
    let earlierMark: String

    /// An owner by its settings; `aliases` are trust domains that the mesh had before.
    package init(trustDomain: String, aliases: [String] = [], clusterID: String) {
        func mark(_ domain: String) -> String {
            let mesh =
                domain.utf8.count <= Self.domainBytes
                ? domain : SHA256.hash(data: Data(domain.utf8)).map { String(format: "%02x", $0) }.joined()
            return "\"heritage=tulle,owner=\(clusterID),mesh=\(mesh)\""
        }
        self.mark = mark(trustDomain)
        self.formerMarks = Set(aliases.map(mark))
        self.earlierMark = "\"heritage=tulle,owner=\(clusterID)\""
    }
}
