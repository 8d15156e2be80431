package import CertificateAuthority
package import Foundation
package import Logging
import Synchronization

/// Has waypoints seal sessions with the secrets that hold, and follows when they become others: after a month, or because
/// somebody wants it.
package final class SessionKeeper: SessionAdministration {
    /// The time between two looks: so long it takes at most until every replica hands out a new secret.
    package static let interval = Duration.seconds(30)

    private let store: any SessionSecretKeeping
    private let logger: Logger
    private let publish: @Sendable (SessionSecrets) -> Void
    private let current: Mutex<SessionSecrets>

    /// Makes a keeper.
    ///
    /// - Parameters:
    ///   - first: what the store holds now.
    ///   - publish: takes secrets that are others than before.
    package init(
        store: any SessionSecretKeeping,
        first: SessionSecrets,
        logger: Logger,
        publish: @escaping @Sendable (SessionSecrets) -> Void
    ) {
        self.store = store
        self.current = Mutex(first)
        self.logger = logger
        self.publish = publish
    }

    /// Looks again and again, until cancelled. While the store gives no answer, the last secrets stay.
    package func run() async {
        var told = false
        while (try? await Task.sleep(for: Self.interval * Double.random(in: 0.9...1))) != nil {
            do throws(AuthorityError) {
                self.take(try await self.store.load(now: Date()))
                told = false
            } catch {
                guard !told else { continue }
                told = true
                self.logger.warning(
                    "secrets of sessions cannot be looked at, the last ones stay",
                    metadata: ["error.code": "\(error.code.rawValue)", "error": "\(error.message)"]
                )
            }
        }
    }

    /// Looks once.
    ///
    /// - Throws: `AuthorityError` with `state_…`; the last secrets stay.
    package func look(now: Date) async throws(AuthorityError) {
        self.take(try await self.store.load(now: now))
    }

    package func replace() async throws(AdminFault) -> Date {
        let now = Date()
        do throws(AuthorityError) {
            self.take(try await self.store.replace(now: now))
        } catch {
            throw AdminFault(error)
        }
        self.logger.notice("secrets of sessions replaced: every session at a waypoint begins anew")
        return now
    }

    private func take(_ secrets: SessionSecrets) {
        let isNew = self.current.withLock { current in
            defer { current = secrets }
            return current != secrets
        }
        if isNew { self.publish(secrets) }
    }
}
