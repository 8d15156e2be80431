import AWSClient
import CertificateAuthority
import Foundation
import Logging
import MeshConfig

/// The authority that the configuration asks for, and what keeps it going.
struct AuthorityAssembly: Sendable {
    /// What signs.
    let authority: any MeshAuthority
    /// The same, where it signs by itself: then machines can renew with their certificates.
    let signing: SigningAuthority?
    /// Renews an intermediate of AWS Private CA, or asks for the secret again; nil for the other kinds.
    let keeper: (any AuthorityKeeping)?

    /// Loads or makes the authority. Falls back to nothing: what cannot be used ends the start.
    ///
    /// - Throws: `AuthorityError`.
    init(
        _ configuration: TulledConfiguration,
        state: StateDirectory,
        client: AWSClient,
        logger: Logger
    ) async throws {
        var lifetimes = AuthorityLifetimes()
        lifetimes.workloadDefault = configuration.workloadLifetime
        lifetimes.workloadMaximum = configuration.workloadMaximumLifetime
        lifetimes.server = configuration.serverLifetime
        let trustDomain = configuration.trustDomain
        switch configuration.authority {
        case .selfSigned:
            let made = try SigningAuthority(
                state: state,
                trustDomain: trustDomain,
                lifetimes: lifetimes,
                now: Date()
            )
            (self.authority, self.signing, self.keeper) = (made, made, nil)
        case .pluggedIn:
            let read = try SigningAuthority(
                pluggedIn: configuration.authorityDirectory,
                trustDomain: trustDomain,
                lifetimes: lifetimes,
                now: Date()
            )
            (self.authority, self.signing, self.keeper) = (read, read, nil)
        case .secretsManager:
            let keeper = try await SecretKeeper(
                client: client,
                secret: configuration.authoritySecret,
                trustDomain: trustDomain,
                lifetimes: lifetimes,
                now: Date(),
                logger: logger
            )
            (self.authority, self.signing, self.keeper) = (keeper.authority, keeper.authority, keeper)
        case .privateCA:
            let keeper = try await PrivateCAKeeper(
                conversation: PrivateCAConversation(client: client, settings: try Self.settings(configuration)),
                state: state,
                trustDomain: trustDomain,
                lifetimes: lifetimes,
                now: Date(),
                logger: logger
            )
            (self.authority, self.signing, self.keeper) = (keeper.authority, keeper.authority, keeper)
        case .privateCALeaves:
            self.authority = try await PrivateCALeafIssuer(
                conversation: PrivateCAConversation(client: client, settings: try Self.settings(configuration)),
                trustDomain: trustDomain,
                lifetimes: lifetimes,
                now: Date()
            )
            (self.signing, self.keeper) = (nil, nil)
        }
    }

    private static func settings(_ configuration: TulledConfiguration) throws -> PrivateCASettings {
        var settings = try PrivateCASettings(authority: configuration.privateCA)
        settings.intermediateLifetime = configuration.privateCALifetime
        guard !configuration.additionalRoots.isEmpty else { return settings }
        do {
            settings.additionalRoots = try String(contentsOfFile: configuration.additionalRoots, encoding: .utf8)
        } catch {
            throw AuthorityError(
                .authorityFileMissing,
                "the additional roots in \(configuration.additionalRoots) cannot be read",
                cause: error
            )
        }
        return settings
    }
}
