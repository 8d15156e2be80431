import Crypto
import Foundation
import Synchronization
import X509

extension SelfSignedSource {
    /// Takes one step; the files are on disk before it returns.
    ///
    /// - Parameters:
    ///   - issuedUntil: until when certificates that were given out so far may be in use.
    ///   - force: takes the step though it is too early.
    /// - Returns: the set in force after the step.
    /// - Throws: `AuthorityError` with `rotation_refused`, or `state_unwritable`; the phase is then the old one.
    func take(
        _ step: RotationStatus.Step,
        issuedUntil: Date,
        force: Bool,
        now: Date
    ) throws(AuthorityError) -> SigningSet {
        try self.content.withLock { content throws(AuthorityError) in
            let status = self.status(content)
            guard status.next == step else {
                throw AuthorityError(
                    .rotationRefused,
                    "the rotation is \(status.phase.rawValue): the next step is \(status.next.rawValue), "
                        + "not \(step.rawValue)"
                )
            }
            if let earliest = status.earliestNext, now < earliest, !force {
                throw AuthorityError(
                    .rotationRefused,
                    "\(step.rawValue) is safe from \(Self.text(earliest)) on: until then certificates are in use "
                        + "that were given out before the last step"
                )
            }
            var after = content
            switch step {
            case .begin:
                // A finish whose last writes failed must reach the disk before its files are used again.
                if try RotationRecord.load(self.state)?.phase == .finishing { try Self.completeFinish(self.state) }
                let next = try AuthorityBranch(trustDomain: self.trustDomain, lifetimes: self.lifetimes, now: now)
                try next.store(.next, in: self.state)
                after.next = next
                after.record = RotationRecord(phase: .distributing, since: now, earliestNext: issuedUntil)
            case .advance:
                after.record = RotationRecord(phase: .signing, since: now, earliestNext: issuedUntil)
            case .finish:
                guard let next = content.next else { return try self.set(content, now: now) }
                after = Content(current: next, next: nil, record: nil)
            }
            let set = try self.set(after, now: now)
            guard set.workload.isValid(at: now) else {
                throw AuthorityError(.authorityExpired, "the new intermediate is not valid at \(now): check the clock")
            }
            if let record = after.record {
                try record.store(self.state)
            } else {
                try RotationRecord(phase: .finishing, since: now, earliestNext: now).store(self.state)
                // From here on a start completes the step, so a fault in between must not undo it.
                try? Self.completeFinish(self.state)
            }
            content = after
            return set
        }
    }

    /// Gives a rotation up before anything was signed under the new root.
    ///
    /// - Throws: `AuthorityError` with `rotation_refused`, or `state_unwritable`.
    func cancel(now: Date) throws(AuthorityError) -> SigningSet {
        try self.content.withLock { content throws(AuthorityError) in
            guard content.record?.phase == .distributing else {
                throw AuthorityError(
                    .rotationRefused,
                    "the rotation is \(self.status(content).phase.rawValue): only one that is distributing can be "
                        + "given up"
                )
            }
            try self.state.remove(RotationRecord.file)
            content.record = nil
            content.next = nil
            // What is left of the new root is removed now, or by the next start.
            try? self.state.remove(AuthorityBranch.Files.next.intermediate)
            try? self.state.remove(AuthorityBranch.Files.next.root)
            return try self.set(content, now: now)
        }
    }

    /// How far the rotation has come.
    func status() -> RotationStatus { self.status(self.content.withLock { $0 }) }

    private func status(_ content: Content) -> RotationStatus {
        var status = RotationStatus(
            phase: .steady,
            next: .begin,
            root: Self.fingerprint(content.current.root.certificate)
        )
        guard let record = content.record, let next = content.next else { return status }
        status.phase = record.phase == .signing ? .signing : .distributing
        status.next = record.phase == .signing ? .finish : .advance
        status.since = record.since
        status.earliestNext = record.earliestNext
        status.newRoot = Self.fingerprint(next.root.certificate)
        return status
    }

    private static func fingerprint(_ certificate: Certificate) -> String {
        (try? certificate.fingerprint()) ?? ""
    }

    private static func text(_ date: Date) -> String { date.formatted(.iso8601) }
}
