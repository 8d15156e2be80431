package import Foundation

/// What the admin API does with sessions at waypoints.
package protocol SessionAdministration: Sendable {
    /// Makes the secret behind them anew and forgets those before, so that every session begins anew.
    ///
    /// - Returns: when that was.
    /// - Throws: `AdminFault` with `unavailable` when the new one cannot be kept; those before are still in use then.
    func replace() async throws(AdminFault) -> Date
}
