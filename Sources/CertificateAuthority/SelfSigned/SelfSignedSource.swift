import Foundation
import Synchronization
import X509

/// A root of our own and the intermediate that it signs, made on the first start and kept in the state directory.
///
/// The root never signs a leaf. A root that is gone while its intermediate is still there is an error, never a reason
/// for a new one: a new root would cut off every workload that trusts the old. While a root is replaced there are two
/// of each.
final class SelfSignedSource: SignerSource {
    struct Content: Sendable {
        var current: AuthorityBranch
        /// The branch that is to take over; nil when no rotation is under way.
        var next: AuthorityBranch?
        var record: RotationRecord?
    }

    let state: StateDirectory
    let trustDomain: String
    let lifetimes: AuthorityLifetimes
    let content: Mutex<Content>
    /// Whether the state directory held no root before.
    let isFirstStart: Bool

    /// Loads the authority from the state directory, or makes it there.
    ///
    /// - Throws: `AuthorityError`: `state_…` when the files cannot be used, `authority_expired` when the root ended.
    init(
        state: StateDirectory,
        trustDomain: String,
        lifetimes: AuthorityLifetimes,
        now: Date
    ) throws(AuthorityError) {
        self.state = state
        self.trustDomain = trustDomain
        self.lifetimes = lifetimes
        var record = try RotationRecord.load(state)
        if record?.phase == .finishing {
            try Self.completeFinish(state)
            record = nil
        }
        let loaded = try AuthorityBranch.load(.current, state)
        self.isFirstStart = loaded == nil
        var current: AuthorityBranch
        if let loaded {
            if let intermediate = loaded.intermediate {
                current = AuthorityBranch(root: loaded.root, intermediate: intermediate)
            } else {
                // A crash between the two writes of a first start.
                try Self.checkRoot(loaded.root, at: now)
                current = AuthorityBranch(root: loaded.root, intermediate: loaded.root)
                try current.renew(
                    trustDomain: trustDomain,
                    lifetimes: lifetimes,
                    now: now,
                    files: .current,
                    in: state
                )
            }
        } else {
            current = try AuthorityBranch(trustDomain: trustDomain, lifetimes: lifetimes, now: now)
            try current.store(.current, in: state)
        }
        var next: AuthorityBranch?
        if record == nil {
            // What a rotation left that never began, or that has ended.
            try state.remove(AuthorityBranch.Files.next.intermediate)
            try state.remove(AuthorityBranch.Files.next.root)
        } else {
            guard let both = try AuthorityBranch.load(.next, state), let intermediate = both.intermediate else {
                throw AuthorityError(
                    .stateCorrupt,
                    "\(state.path) holds \(RotationRecord.file) without \(AuthorityBranch.Files.next.root) and "
                        + "\(AuthorityBranch.Files.next.intermediate): restore them from a backup"
                )
            }
            next = AuthorityBranch(root: both.root, intermediate: intermediate)
        }
        let signing = record?.phase == .signing ? next ?? current : current
        try Self.checkRoot(signing.root, at: now)
        self.content = Mutex(Content(current: current, next: next, record: record))
    }

    private static func checkRoot(_ root: AuthorityPair, at now: Date) throws(AuthorityError) {
        guard root.isValid(at: now) else {
            let certificate = root.certificate
            throw AuthorityError(
                .authorityExpired,
                "the root holds from \(certificate.notValidBefore) to \(certificate.notValidAfter): check the clock"
            )
        }
    }

    /// Puts the new branch in the old one's place. Can be interrupted anywhere and done again.
    static func completeFinish(_ state: StateDirectory) throws(AuthorityError) {
        if let next = try AuthorityBranch.load(.next, state), let intermediate = next.intermediate {
            // The root first: a root without an intermediate of its own would be found out at the next start, so the
            // record stays until both stand.
            try AuthorityBranch(root: next.root, intermediate: intermediate).store(.current, in: state)
        }
        try state.remove(RotationRecord.file)
        try state.remove(AuthorityBranch.Files.next.intermediate)
        try state.remove(AuthorityBranch.Files.next.root)
    }

    /// The set that belongs to the content.
    func set(_ content: Content, now: Date) throws(AuthorityError) -> SigningSet {
        let old = try content.current.signer()
        guard let next = content.next, let record = content.record else {
            return try SigningSet(workload: old, roots: [content.current.root.certificate])
        }
        let roots = [content.current.root.certificate, next.root.certificate]
        guard record.phase == .signing else { return try SigningSet(workload: old, roots: roots) }
        let new = try next.signer()
        return try SigningSet(workload: new, server: old.isValid(at: now) ? old : new, roots: roots)
    }

    /// The set in force.
    func set(now: Date) throws(AuthorityError) -> SigningSet {
        try self.set(self.content.withLock { $0 }, now: now)
    }

    func refresh(now: Date) throws(AuthorityError) -> SigningSet? {
        try self.content.withLock { content throws(AuthorityError) in
            var isNew = false
            if content.current.intermediate.isDueForRenewal(at: now),
                content.next == nil || content.current.root.isValid(at: now)
            {
                try content.current.renew(
                    trustDomain: self.trustDomain,
                    lifetimes: self.lifetimes,
                    now: now,
                    files: .current,
                    in: self.state
                )
                isNew = true
            }
            if var next = content.next, next.intermediate.isDueForRenewal(at: now) {
                try next.renew(
                    trustDomain: self.trustDomain,
                    lifetimes: self.lifetimes,
                    now: now,
                    files: .next,
                    in: self.state
                )
                content.next = next
                isNew = true
            }
            return isNew ? try self.set(content, now: now) : nil
        }
    }
}
