package import Foundation
package import Logging

/// An authority below an AWS Private CA, and what keeps its intermediate young.
package final class PrivateCAKeeper: AuthorityKeeping {
    /// Signs workloads' certificates with the intermediate in force.
    package let authority: SigningAuthority
    private let source: PrivateCASource
    private let logger: Logger

    /// Loads the intermediate, or has the first one signed. One that still holds is enough to start without AWS.
    ///
    /// - Parameter chance: 0 to 1, for pauses that differ between control planes.
    /// - Throws: `AuthorityError`: `private_ca_…` when there is no intermediate that holds and none can be had,
    ///   `state_…`, or `authority_file_invalid`. The start is to fail with it; it never falls back to an authority of
    ///   its own.
    package init(
        conversation: PrivateCAConversation,
        state: StateDirectory,
        trustDomain: String,
        lifetimes: AuthorityLifetimes,
        now: Date,
        chance: @escaping @Sendable () -> Double = { Double.random(in: 0...1) },
        logger: Logger
    ) async throws(AuthorityError) {
        let source = try PrivateCASource(
            conversation: conversation,
            state: state,
            trustDomain: trustDomain,
            lifetimes: lifetimes,
            chance: chance
        )
        if source.set?.workload.isValid(at: now) != true { try await source.renewIfDue(now: now) }
        guard let set = source.set, set.workload.isValid(at: now) else {
            throw AuthorityError(.authorityExpired, "there is no intermediate that holds at \(now): check the clock")
        }
        // What the authority starts with is no news.
        _ = try? source.refresh(now: now)
        self.source = source
        self.logger = logger
        self.authority = SigningAuthority(source: source, set: set, trustDomain: trustDomain, lifetimes: lifetimes)
    }

    /// When the next attempt to renew is due.
    package var nextRenewal: Date { self.source.nextRenewal }

    /// Has a new intermediate signed if that is due; the authority takes it on at once.
    ///
    /// - Returns: whether there is a new one.
    /// - Throws: `AuthorityError`; the old one stays in use.
    @discardableResult
    package func renewIfDue(now: Date) async throws(AuthorityError) -> Bool {
        let isNew = try await self.source.renewIfDue(now: now)
        if isNew { self.authority.takeOver(now: now) }
        return isNew
    }

    package func run() async {
        while (try? await Task.sleep(for: .seconds(10))) != nil {
            do throws(AuthorityError) {
                guard try await self.renewIfDue(now: Date()) else { continue }
                self.logger.info(
                    "intermediate renewed by Private CA",
                    metadata: ["tls.not_after": "\(self.authority.intermediateExpiry)"]
                )
            } catch {
                self.logger.warning(
                    "intermediate cannot be renewed by Private CA",
                    metadata: [
                        "error.code": "\(error.code.rawValue)", "error": "\(error.message)",
                        "retry.at": "\(self.nextRenewal)", "tls.not_after": "\(self.authority.intermediateExpiry)",
                    ]
                )
            }
        }
    }
}
