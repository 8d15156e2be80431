package import AWSSignature
package import TunnelEngine

/// How we prove to the authority that we may have an identity.
///
/// Two workloads of one identity share a certificate only where their sources are equal: what one task can prove says
/// nothing about another that merely claims the same name.
package enum CredentialSource: Sendable, Hashable {
    /// By the role of an ECS task.
    case task(TaskRole)
    /// By the role of a Lambda function, whose credentials came with the environment.
    case function(FunctionRole)
    /// By a bearer token, as Istio's ztunnel does; nil where the authority asks for none.
    ///
    /// Where `impersonates`, the token is the node's, and the request names the workload whose identity is wanted.
    case bearer(BearerSource?, impersonates: Bool)
    /// By a join token, which works once; from then on by the certificate that we have.
    case join(JoinProof)
    /// Not at all: somebody else keeps certificate, key and roots in files.
    case files(IdentityFiles)
}

/// What it takes to join as a machine of its own.
package struct JoinProof: Sendable, Hashable {
    /// From the bootstrap token.
    package var token: Secret
    /// Where key and certificate outlive this process; nil for nowhere.
    package var file: IdentityFile?

    /// Joins the two.
    package init(token: Secret, file: IdentityFile?) {
        self.token = token
        self.file = file
    }
}

/// What it takes to prove to be an ECS task.
package struct TaskRole: Sendable, Hashable {
    /// Where the role's credentials are.
    package var endpoint: CredentialsEndpoint
    /// Where the endpoint answers: in the task's own network namespace.
    package var scope: SocketScope
    /// Whose STS is to be asked.
    package var region: AWSRegion
    /// From the bootstrap token.
    package var audience: String

    /// Joins the parts.
    package init(endpoint: CredentialsEndpoint, scope: SocketScope, region: AWSRegion, audience: String) {
        self.endpoint = endpoint
        self.scope = scope
        self.region = region
        self.audience = audience
    }
}

/// What it takes to prove to be a Lambda function. Descriptions never show the secret.
package struct FunctionRole: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    /// The role's session, named like the function; it lasts as long as the environment that it came with.
    package var credentials: SignatureCredentials
    /// Whose STS is to be asked.
    package var region: AWSRegion
    /// From the bootstrap token.
    package var audience: String

    /// Reads the environment as Lambda makes it; nil where it holds no session, as with SnapStart.
    ///
    /// - Throws: ``AttestationError`` when a value could break out of its header, or the region is none.
    package init?(audience: String, environment: (String) -> String?) throws(AttestationError) {
        let names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]
        var values: [String] = []
        for name in names {
            guard let value = environment(name), !value.isEmpty else { return nil }
            guard value.utf8.count <= 8 * 1024, value.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw .malformedCredentials("\(name) must be 1 to 8192 visible ASCII characters")
            }
            values.append(value)
        }
        self.credentials = SignatureCredentials(
            accessKeyID: values[0],
            secretAccessKey: values[1],
            sessionToken: values[2]
        )
        self.region = try AWSRegion.resolve(environment: environment, taskARN: nil)
        self.audience = audience
    }

    package var description: String { "FunctionRole(\(self.credentials.accessKeyID), secret masked)" }

    package var customMirror: Mirror { Mirror(self, children: ["region": self.region.name]) }
}

extension BearerSource {
    /// The token for one request. Line ends behind it are dropped: no token has them, and files often do.
    ///
    /// - Throws: ``AttestationError`` when the file can't be read, or what it holds can't be put in a header.
    package func token() throws(AttestationError) -> String {
        switch self {
        case .literal(let secret): return try CredentialsEndpoint.checked(secret.text)
        case .file(let path):
            guard let text = SmallFile.read(path, limit: CredentialsEndpoint.authorizationBytes + 2) else {
                throw .bearerUnreadable(path: path)
            }
            return try CredentialsEndpoint.checked(text)
        }
    }
}
