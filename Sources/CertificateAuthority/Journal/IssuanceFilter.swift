package import Foundation

/// Which records of the journal are asked for; what is nil matches all.
package struct IssuanceFilter: Sendable, Hashable {
    /// `issued`, `refused` or `failed`.
    package var outcome: String?
    /// The code.
    package var code: String?
    /// The identity, whole.
    package var identity: String?
    /// How the caller proved itself.
    package var attestor: AttestorKind?
    /// Who proved it, whole.
    package var caller: String?
    /// The serial number, lower-case hex.
    package var serial: String?
    /// The oldest time.
    package var since: Date?

    /// Matches all.
    package init() {}

    /// Whether a record is asked for.
    package func matches(_ record: IssuanceRecord) -> Bool {
        func agrees(_ wanted: String?, _ found: String?) -> Bool { wanted == nil || wanted == found }
        return agrees(self.outcome, record.outcome) && agrees(self.code, record.code)
            && agrees(self.identity, record.identity) && agrees(self.attestor?.rawValue, record.attestor)
            && agrees(self.caller, record.caller) && agrees(self.serial, record.serial)
            && self.since.map { record.time >= $0 } ?? true
    }
}
