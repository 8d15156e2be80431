import CertificateAuthority
import Foundation
import MeshConfig

/// The authority's own certificates, and what it gave out or refused.
struct CertificatePage: Encodable {
    /// Which records are asked for.
    struct Filter {
        var identity: String?
        var namespace: String?
        var outcome: String?
        var serial: String?
        var limit: Int

        func admits(_ record: IssuanceRecord) -> Bool {
            (self.identity ?? record.identity) == record.identity && (self.outcome ?? record.outcome) == record.outcome
                && (self.serial ?? record.serial) == record.serial
                && (self.namespace == nil || self.namespace == Self.namespace(of: record))
        }

        /// `shop` of `spiffe://cluster.local/ns/shop/sa/echo`.
        private static func namespace(of record: IssuanceRecord) -> String? {
            let parts = (record.identity ?? "").split(separator: "/")
            guard parts.count == 6, parts[2] == "ns" else { return nil }
            return String(parts[3])
        }
    }

    struct Authority: Encodable {
        var trustDomain: String
        var rootExpiry: Date
        var intermediateExpiry: Date
        var trustBundle: String
    }

    struct Certificate: Encodable {
        var identity: String
        var type: String
        var state: String
        var serialNumber: String?
        var validFrom: Date?
        var expirationTime: Date
    }

    var authority: Authority
    /// The authority's own first, then those given out, newest first.
    var certificates: [Certificate]
    /// Those given out and those refused, newest first.
    var journal: [IssuanceRecord]
    /// How many there were since the start, by code or outcome.
    var counts: [String: Int]

    init(_ authority: any MeshAuthority, _ journal: IssuanceJournal, filter: Filter, now: Date) {
        self.authority = Authority(
            trustDomain: authority.trustDomain,
            rootExpiry: authority.rootExpiry,
            intermediateExpiry: authority.intermediateExpiry,
            trustBundle: authority.trustBundle
        )
        self.journal = Array(journal.newest.reversed().lazy.filter(filter.admits).prefix(filter.limit))
        self.counts = journal.counts
        func state(_ end: Date) -> String { end > now ? "Available" : "Unavailable" }
        self.certificates = [
            Certificate(
                identity: "root of \(authority.trustDomain)",
                type: "Root",
                state: state(authority.rootExpiry),
                expirationTime: authority.rootExpiry
            ),
            Certificate(
                identity: "intermediate of \(authority.trustDomain)",
                type: "Intermediate",
                state: state(authority.intermediateExpiry),
                expirationTime: authority.intermediateExpiry
            ),
        ]
        self.certificates += self.journal.compactMap { record in
            guard let identity = record.identity, let expires = record.expires, record.outcome == "issued" else {
                return nil
            }
            return Certificate(
                identity: identity,
                type: "Leaf",
                state: state(expires),
                serialNumber: record.serial,
                validFrom: record.time,
                expirationTime: expires
            )
        }
    }
}
