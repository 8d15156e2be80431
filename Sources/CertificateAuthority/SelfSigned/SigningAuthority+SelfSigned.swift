package import Foundation
import Synchronization

extension SigningAuthority {
    /// Loads a self-signed authority from the state directory, or makes it there.
    ///
    /// - Throws: `AuthorityError`: `state_…` when the files cannot be used, `authority_expired` when the root ended.
    package convenience init(
        state: StateDirectory,
        trustDomain: String,
        lifetimes: AuthorityLifetimes,
        now: Date
    ) throws(AuthorityError) {
        let source = try SelfSignedSource(state: state, trustDomain: trustDomain, lifetimes: lifetimes, now: now)
        _ = try source.refresh(now: now)
        self.init(
            source: source,
            set: try source.set(now: now),
            trustDomain: trustDomain,
            lifetimes: lifetimes,
            recordsIn: state,
            issuedUntil: try IssuedUntil(
                state: state,
                isFirstStart: source.isFirstStart,
                lifetimes: lifetimes,
                now: now
            )
        )
    }

    /// How far the replacement of the root has come; nil for an authority whose roots are somebody else's.
    package var rotation: RotationStatus? { (self.source as? SelfSignedSource)?.status() }

    /// Takes the next step of replacing the root: `begin` makes the new root and puts it beside the old one into the
    /// bundle, `advance` signs under the new one, `finish` drops the old one.
    ///
    /// Chains and `trustBundle` follow at once; a start after a crash goes on where the last complete step left off.
    ///
    /// - Parameter force: takes a step that is too early. Whoever has not renewed since is then cut off.
    /// - Returns: where the rotation stands now.
    /// - Throws: `AuthorityError` with `rotation_refused` when the step does not come next or is too early,
    ///   `rotation_unsupported`, or `state_…`.
    @discardableResult
    package func rotate(
        _ step: RotationStatus.Step,
        force: Bool = false,
        now: Date
    ) throws(AuthorityError) -> RotationStatus {
        let source = try self.selfSigned
        return try self.maintenance.withLock { _ throws(AuthorityError) in
            // Under the lock of issuing, so that every certificate is either counted or made by the new set.
            try self.content.withLock { content throws(AuthorityError) in
                let until = content.issuedUntil?.latest ?? .distantFuture
                content.replace(try source.take(step, issuedUntil: until, force: force, now: now))
            }
            return source.status()
        }
    }

    /// Gives a rotation up while the old root still signs.
    ///
    /// - Throws: `AuthorityError` with `rotation_refused`, `rotation_unsupported`, or `state_…`.
    @discardableResult
    package func cancelRotation(now: Date) throws(AuthorityError) -> RotationStatus {
        let source = try self.selfSigned
        return try self.maintenance.withLock { _ throws(AuthorityError) in
            try self.content.withLock { content throws(AuthorityError) in
                content.replace(try source.cancel(now: now))
            }
            return source.status()
        }
    }

    private var selfSigned: SelfSignedSource {
        get throws(AuthorityError) {
            guard let source = self.source as? SelfSignedSource else {
                throw AuthorityError(
                    .rotationUnsupported,
                    "the roots of this authority are not made here: replace them where they are made, by way of a "
                        + "bundle that holds both"
                )
            }
            return source
        }
    }
}
