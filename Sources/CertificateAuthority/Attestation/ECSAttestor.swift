import AWSClient
package import Foundation
import MeshModel
import Synchronization

/// Proves which ECS task calls, by what AWS itself says: STS about the signature, ECS about the task.
///
/// The chain of proof: the request is signed for our audience and this very key, it is fresh and was never used, the
/// signer is a session of a role in an allowed account, the session's name is a task id, that task runs now in an
/// allowed cluster with that role, and the role is bound to a service account. A break anywhere is a refusal.
///
/// A Lambda function has no task to look up. Its session is named like the function, and the owner's binding of the role
/// must name that function; the rest of the chain is the same.
package final class ECSAttestor: CallerAttesting {
    package let kind = AttestorKind.ecsTask

    private let rules: Mutex<AttestationPolicy>
    private let verifier: any CallerIdentityVerifying
    private let tasks: any TaskLookup
    private let replays: Mutex<ReplayCache>
    private let shared: (any AttestationMemory)?
    private let running: Mutex<Int>
    /// The most verifications at once; each holds a connection to AWS.
    private let concurrency: Int
    private let uptime: @Sendable () -> ContinuousClock.Instant

    /// Makes an attestor.
    ///
    /// - Parameters:
    ///   - shared: what replicas have in common of used attestations; nil for one that is alone.
    ///   - uptime: the time that passes for the memory of used attestations, which no setting of the clock may shorten.
    package init(
        policy: AttestationPolicy,
        verifier: any CallerIdentityVerifying,
        tasks: any TaskLookup,
        shared: (any AttestationMemory)? = nil,
        concurrency: Int = 64,
        uptime: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.rules = Mutex(policy)
        self.verifier = verifier
        self.tasks = tasks
        self.replays = Mutex(ReplayCache())
        self.shared = shared
        self.running = Mutex(0)
        self.concurrency = concurrency
        self.uptime = uptime
    }

    /// What an attestation is held against now.
    private var policy: AttestationPolicy { self.rules.withLock { $0 } }

    /// Replaces the list of which role is which service account. Certificates that were given out stay until their end.
    package func bind(_ bindings: [RoleBinding]) {
        self.rules.withLock { $0.bindings = bindings }
    }

    /// Replaces the list of accounts, regions and clusters whose tasks may join. Certificates that were given out stay
    /// until their end.
    package func admit(_ places: [AttestationPlace]) {
        self.rules.withLock { $0.places = places }
    }

    /// Proves the caller.
    ///
    /// - Parameters:
    ///   - token: what the caller sent.
    ///   - keyDigest: lower-case hex SHA-256 of the key in the caller's request.
    ///   - now: the present.
    /// - Throws: `IssuanceRefusal`.
    package func attest(
        _ token: AttestationToken,
        keyDigest: String,
        now: Date
    ) async throws(IssuanceRefusal) -> AttestedCaller {
        let request = try self.check(token, keyDigest: keyDigest, now: now)
        guard
            self.running.withLock({ running in
                guard running < self.concurrency else { return false }
                running += 1
                return true
            })
        else {
            throw IssuanceRefusal(.stsUnavailable, "too many attestations at once, try again")
        }
        defer { self.running.withLock { $0 -= 1 } }
        let key = ReplayCache.Key(accessKey: token.accessKey, signature: token.signature)
        switch self.replays.withLock({ $0.reserve(key, now: self.uptime()) }) {
        case .fresh: break
        case .replayed:
            throw Self.replayed
        case .full:
            throw IssuanceRefusal(.stsUnavailable, "too many attestations in the last minutes, try again")
        }
        let arn: String
        switch await self.verifier.callerIdentity(of: request) {
        case .caller(let caller):
            arn = caller
        case .refused(let code):
            self.replays.withLock { $0.release(key) }
            throw IssuanceRefusal(
                .stsRefused,
                "STS answered \(code.prefix(64)): check the task's credentials, clock and region"
            )
        case .unavailable(let reason):
            self.replays.withLock { $0.release(key) }
            throw IssuanceRefusal(.stsUnavailable, "STS gave no verdict (\(reason.prefix(160))), try again")
        }
        do throws(IssuanceRefusal) {
            let caller = try await self.identify(callerARN: arn, region: token.region)
            try await self.note(key, now: now)
            return caller
        } catch {
            var refusal = error
            refusal.caller = PlainLine.of(arn, bytes: 256)
            throw refusal
        }
    }

    /// Notes a use for all replicas; last of all, so that only who would be let in fills their memory.
    private func note(_ key: ReplayCache.Key, now: Date) async throws(IssuanceRefusal) {
        guard let shared else { return }
        switch await shared.note(accessKey: key.accessKey, signature: key.signature, now: now) {
        case .first: return
        case .again: throw Self.replayed
        case .unknown(let reason):
            self.replays.withLock { $0.release(key) }
            throw IssuanceRefusal(
                .authorityUnavailable,
                "it is not known whether this attestation was used before (\(reason.prefix(160))), try again"
            )
        }
    }

    private static let replayed = IssuanceRefusal(
        .attestationReplayed,
        "this attestation was used before: sign a new one for each call"
    )

    package func checkForm(_ evidence: CallerEvidence) throws(IssuanceRefusal) {
        _ = try AttestationToken(authorization: evidence.authorization)
    }

    package func attest(_ evidence: CallerEvidence, now: Date) async throws(IssuanceRefusal) -> AttestedCaller {
        let token = try AttestationToken(authorization: evidence.authorization)
        return try await self.attest(token, keyDigest: evidence.keyDigest, now: now)
    }

    /// Everything that can be judged without asking anyone.
    private func check(
        _ token: AttestationToken,
        keyDigest: String,
        now: Date
    ) throws(IssuanceRefusal) -> CallerIdentityRequest {
        guard token.audience == self.policy.audience else {
            throw IssuanceRefusal(
                .attestationAudienceMismatch,
                "signed for '\(token.audience.prefix(128))', but this is '\(self.policy.audience)': check the bootstrap token"
            )
        }
        guard self.policy.regions.contains(token.region) else {
            throw IssuanceRefusal(
                .regionNotAllowed,
                "region '\(token.region.prefix(32))' is not among \(self.policy.regions.sorted().joined(separator: ", "))"
            )
        }
        // A closed list, compared whole: a rule by prefix would let `sts.evil.example` vouch for any role.
        let hosts = AWSPartition.securityTokenHosts(region: token.region)
        guard hosts.contains(token.host) else {
            throw IssuanceRefusal(
                .attestationHostNotAllowed,
                "signed for host '\(token.host.prefix(128))', allowed: \(hosts.sorted().joined(separator: ", "))"
            )
        }
        let age = now.timeIntervalSince(token.date)
        guard abs(age) <= self.policy.age.wholeSeconds else {
            throw IssuanceRefusal(
                .attestationExpired,
                "signed \(Int(age)) s ago, at most \(Int(self.policy.age.wholeSeconds)) s either way: check the clock"
            )
        }
        guard token.keyDigest == keyDigest else {
            throw IssuanceRefusal(.attestationKeyMismatch, "signed for another key than the one in the request")
        }
        return CallerIdentityRequest(region: token.region, host: token.host, headers: token.headers)
    }

    /// From the name that STS vouches for to the identity.
    private func identify(callerARN: String, region: String) async throws(IssuanceRefusal) -> AttestedCaller {
        let session = RoleSession(arn: callerARN)
        let function = try session.flatMap { session throws(IssuanceRefusal) in
            try self.policy.binding(for: RoleName(session), function: session.session)
        }
        guard let session, let taskID = session.taskID ?? function.map({ _ in "" }) else {
            throw IssuanceRefusal(
                .notATaskRole,
                "the signer is '\(callerARN.prefix(160))', not a task's role: set taskRoleArn in the task definition, or "
                    + "name the Lambda function in its role's binding"
            )
        }
        let ofAccount = self.policy.places.filter { $0.accounts.contains(session.account) }
        guard !ofAccount.isEmpty, AWSPartition(region: region).id == session.partition else {
            throw IssuanceRefusal(
                .accountNotAllowed,
                "account \(session.partition)/\(session.account) is not among the allowed accounts"
            )
        }
        let places = ofAccount.filter { $0.regions.contains(region) }
        guard !places.isEmpty else {
            throw IssuanceRefusal(
                .regionNotAllowed,
                "region '\(region.prefix(32))' of account \(session.account) is not among "
                    + ofAccount.flatMap(\.regions).sorted().joined(separator: ", ")
            )
        }
        if let function { return try self.caller(callerARN, as: function, .lambdaFunction) }
        let task: AttestedTask
        switch await self.tasks.task(id: taskID, account: session.account, region: region) {
        case .found(let found):
            task = found
        case .missing:
            throw IssuanceRefusal(.taskNotFound, "ECS knows no task \(taskID) in the allowed clusters of \(region)")
        case .unavailable(let reason):
            throw IssuanceRefusal(.stsUnavailable, "ECS gave no verdict (\(reason.prefix(160))), try again")
        }
        guard places.contains(where: { $0.clusters.isEmpty || $0.clusters.contains(task.cluster) }) else {
            throw IssuanceRefusal(
                .clusterNotAllowed,
                "cluster '\(task.cluster.prefix(255))' is not among the allowed clusters"
            )
        }
        guard ["PENDING", "ACTIVATING", "RUNNING"].contains(task.lastStatus), task.desiredStatus == "RUNNING" else {
            throw IssuanceRefusal(
                .taskNotRunning,
                "task \(taskID) is \(task.lastStatus.prefix(32)), wanted \(task.desiredStatus.prefix(32))"
            )
        }
        let role = RoleName(session)
        guard task.roleARN.flatMap({ RoleName(arn: $0) }) == role else {
            throw IssuanceRefusal(
                .taskRoleMismatch,
                "task \(taskID) runs with '\((task.roleARN ?? "no role").prefix(256))', but \(role) signed"
            )
        }
        let binding = try self.policy.binding(for: role, tags: task.tags)
        guard task.namespaces.allow(binding.namespace) else {
            throw IssuanceRefusal(
                .namespaceNotAllowed,
                "tasks of account \(session.account) may be in \(task.namespaces.list), not in \(binding.namespace): "
                    + "see namespaces of its ECSAccount"
            )
        }
        return try self.caller(callerARN, as: binding, self.kind, task: task.arn)
    }

    private func caller(
        _ arn: String,
        as binding: RoleBinding,
        _ kind: AttestorKind,
        task: String? = nil
    ) throws(IssuanceRefusal) -> AttestedCaller {
        do {
            let identity = try SPIFFEID(
                trustDomain: self.policy.trustDomain,
                namespace: binding.namespace,
                serviceAccount: binding.serviceAccount
            )
            return AttestedCaller(identity: identity, kind: kind, caller: arn, task: task)
        } catch {
            throw IssuanceRefusal(
                .bindingMissing,
                "the binding of \(binding.role) names no valid identity: correct it in the configuration"
            )
        }
    }
}
