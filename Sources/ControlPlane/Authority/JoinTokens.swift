package import CertificateAuthority
package import Foundation

/// Join tokens for the admin API.
package struct JoinTokens: TokenAdministration {
    /// How long a token works when nobody says how long, in seconds.
    private static let lifetime = 3_600

    private let store: any JoinTokenKeeping
    private let bound: BoundAccounts
    private let now: @Sendable () -> Date

    /// Administers a store; tokens are for accounts that are bound to no role.
    package init(store: any JoinTokenKeeping, bound: BoundAccounts, now: @escaping @Sendable () -> Date = { Date() }) {
        self.store = store
        self.bound = bound
        self.now = now
    }

    package func tokens() async throws(AdminFault) -> [AdminToken] {
        let now = self.now()
        do throws(AuthorityError) {
            return try await self.store.list(now: now).map { AdminToken($0, now: now) }
        } catch {
            throw AdminFault(error)
        }
    }

    package func make(_ wish: TokenWish) async throws(AdminFault) -> MadeToken {
        guard (wish.uses ?? 1) == 1 else {
            throw AdminFault(.badRequest, "uses: \(wish.uses ?? 0) is not allowed; a join token works once")
        }
        guard !self.bound.contains("\(wish.namespace)/\(wish.serviceAccount)") else {
            throw AdminFault(
                .conflict,
                "\(wish.namespace.prefix(63))/\(wish.serviceAccount.prefix(253)) is bound to a task's role; give the machine a "
                    + "service account of its own"
            )
        }
        let now = self.now()
        do throws(AuthorityError) {
            let fresh = try await self.store.create(
                namespace: wish.namespace,
                serviceAccount: wish.serviceAccount,
                lifetime: .seconds(min(max(wish.ttlSeconds ?? Self.lifetime, 0), 1 << 32)),
                createdBy: "admin API",
                now: now
            )
            return MadeToken(entry: AdminToken(fresh.token, now: now), token: fresh.text)
        } catch {
            throw AdminFault(error)
        }
    }

    package func revoke(_ id: String) async throws(AdminFault) {
        let wasOpen: Bool
        do throws(AuthorityError) {
            wasOpen = try await self.store.revoke(id, now: self.now())
        } catch {
            throw AdminFault(error)
        }
        guard wasOpen else { throw AdminFault(.notFound, "there is no open token '\(id.prefix(64))'") }
    }
}

extension AdminToken {
    fileprivate init(_ token: JoinToken, now: Date) {
        let state: State =
            switch token.condition(at: now) {
            case .open: .active
            case .used: .used
            case .expired: .expired
            case .revoked: .revoked
            }
        self.init(
            id: token.id,
            namespace: token.namespace,
            serviceAccount: token.serviceAccount,
            state: state,
            created: token.created,
            expires: token.expires,
            usesLeft: state == .active ? 1 : 0
        )
    }
}

extension AdminFault {
    /// What an authority's fault means to a caller of the API.
    init(_ error: AuthorityError) {
        switch error.code {
        case .joinTokenInvalid: self.init(.badRequest, error.message)
        case .joinTokensFull, .rotationRefused, .rotationUnsupported: self.init(.conflict, error.message)
        case .stateUnwritable, .stateUnavailable: self.init(.unavailable, error.message)
        default: self.init(.failed, error.message)
        }
    }
}
