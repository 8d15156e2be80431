package import CertificateAuthority
package import Foundation
package import Logging
import MeshTelemetry
import Synchronization

/// Keeps the intermediate and our own server certificate young, without touching open connections.
package final class ServingRotation: Sendable {
    /// The TLS side that always has the newest certificate.
    package let tls: ServingTLS

    private let authority: any MeshAuthority
    private let names: [ServerName]
    private let logger: Logger
    private let current: Mutex<ServingCertificate>
    /// Whether signer or bundle are others than those of `current`.
    private let isBehind = Atomic(false)

    /// Serves with a first certificate.
    ///
    /// - Parameters:
    ///   - names: how clients reach us.
    ///   - first: a certificate for these names, made by `authority`.
    /// - Throws: `AuthorityError` when TLS cannot use it.
    package init(
        authority: any MeshAuthority,
        names: [ServerName],
        first: ServingCertificate,
        metrics: ControlPlaneMetrics,
        logger: Logger
    ) throws {
        self.authority = authority
        self.names = names
        self.logger = logger
        self.tls = try ServingTLS(first, trustBundle: authority.trustBundle)
        self.current = Mutex(first)
        metrics.registry.sampled(
            "citadel_server_root_cert_expiry_timestamp",
            help: "When the root ends, in seconds since the epoch."
        ) { authority.rootExpiry.timeIntervalSince1970 }
        metrics.registry.sampled(
            "citadel_server_cert_chain_expiry_timestamp",
            help: "When the intermediate ends, in seconds since the epoch."
        ) { authority.intermediateExpiry.timeIntervalSince1970 }
        let start = ContinuousClock.now
        metrics.registry.sampled("istiod_uptime_seconds", help: "Seconds since the start.") {
            (ContinuousClock.now - start).seconds
        }
    }

    /// Looks every few seconds, until cancelled.
    package func run() async {
        while (try? await Task.sleep(for: .seconds(5))) != nil { await self.rotate(now: Date()) }
    }

    /// Renews what is past the middle of its life.
    ///
    /// - Returns: whether the server certificate was replaced.
    @discardableResult
    package func rotate(now: Date) async -> Bool {
        do {
            if try self.authority.renewIntermediate(now: now) { self.isBehind.store(true, ordering: .relaxed) }
        } catch {
            // Our own certificate must not grow old meanwhile: what signs now still does.
            self.logger.error("authority cannot be renewed", metadata: ["error": "\(error)"])
        }
        do {
            guard self.isBehind.load(ordering: .relaxed) || self.current.withLock({ $0.isDueForRenewal(at: now) })
            else {
                return false
            }
            let next = try await self.authority.makeServingCertificate(names: self.names, now: now)
            try self.tls.replace(next, trustBundle: self.authority.trustBundle)
            self.current.withLock { $0 = next }
            self.isBehind.store(false, ordering: .relaxed)
            self.logger.info("server certificate renewed", metadata: ["tls.not_after": "\(next.notAfter)"])
            return true
        } catch {
            self.logger.error("server certificate cannot be renewed", metadata: ["error": "\(error)"])
            return false
        }
    }
}
