package import Foundation
package import MeshModel

/// How an identity was proven.
package enum AttestorKind: String, Sendable, Hashable, CaseIterable {
    /// The signature of an ECS task's role, checked with STS and ECS.
    case ecsTask = "ecs_task"
    /// The signature of a Lambda function's role, checked with STS.
    case lambdaFunction = "lambda_function"
    /// A secret that works once, for machines that are no tasks.
    case joinToken = "join_token"
    /// The certificate that the caller has, for its successor.
    case clientCertificate = "client_certificate"
}

/// A caller whose identity is proven.
package struct AttestedCaller: Sendable, Hashable {
    /// The identity that the caller may have a certificate for.
    package let identity: SPIFFEID
    /// How it was proven.
    package let kind: AttestorKind
    /// Who proved it, without a secret: a role session's ARN, `join-token/<id>`, or `certificate/<serial>`.
    package let caller: String
    /// The task's ARN, for a task.
    package let task: String?

    /// Makes a caller.
    package init(identity: SPIFFEID, kind: AttestorKind, caller: String, task: String? = nil) {
        self.identity = identity
        self.kind = kind
        self.caller = caller
        self.task = task
    }
}

/// What a call brings along to prove who it is; nothing in it is trusted.
package struct CallerEvidence: Sendable {
    /// The values of the call's `authorization` metadata.
    package var authorization: [String]
    /// Lower-case hex SHA-256 of the key in the caller's request; empty before the request was read.
    package var keyDigest: String
    /// The identities that the caller asks for.
    package var wished: [String]
    /// The client's certificates of the TLS connection as DER, its own first; empty without any. That the client holds
    /// the key is the connection's doing, all else is not.
    package var certificates: [[UInt8]]

    /// Makes evidence.
    package init(
        authorization: [String],
        keyDigest: String = "",
        wished: [String] = [],
        certificates: [[UInt8]] = []
    ) {
        self.authorization = authorization
        self.keyDigest = keyDigest
        self.wished = wished
        self.certificates = certificates
    }
}

/// A way to prove who calls.
package protocol CallerAttesting: Sendable {
    /// The kind of proof, for the journal.
    var kind: AttestorKind { get }

    /// Looks at the evidence's form only, cheaply: a stranger should not make us verify signatures.
    ///
    /// - Throws: `IssuanceRefusal`.
    func checkForm(_ evidence: CallerEvidence) throws(IssuanceRefusal)

    /// Proves the caller.
    ///
    /// - Throws: `IssuanceRefusal`.
    func attest(_ evidence: CallerEvidence, now: Date) async throws(IssuanceRefusal) -> AttestedCaller
}

/// The ways that a control plane accepts, chosen by what the call brings.
package struct AttestorChoice: Sendable {
    private let task: any CallerAttesting
    private let joinToken: (any CallerAttesting)?
    private let certificate: (any CallerAttesting)?

    /// Makes a choice.
    ///
    /// - Parameters:
    ///   - task: for signed statements, and for everything that is none of the others.
    ///   - joinToken: for `Bearer tulle-join.`; nil where there are no such tokens.
    ///   - certificate: for calls without `authorization` that come with a certificate; nil where none may.
    package init(
        task: any CallerAttesting,
        joinToken: (any CallerAttesting)? = nil,
        certificate: (any CallerAttesting)? = nil
    ) {
        self.task = task
        self.joinToken = joinToken
        self.certificate = certificate
    }

    /// The attestor for a call.
    func attestor(for evidence: CallerEvidence) -> any CallerAttesting {
        if let joinToken, evidence.authorization.first?.hasPrefix(JoinToken.scheme) == true { return joinToken }
        if let certificate, evidence.authorization.isEmpty, !evidence.certificates.isEmpty { return certificate }
        return self.task
    }
}
