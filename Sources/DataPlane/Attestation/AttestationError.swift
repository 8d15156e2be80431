/// Why the proof of who we are could not be made.
package enum AttestationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Neither of the two variables is set: the task has no task role, or this isn't an ECS task.
    case noCredentialsEndpoint
    /// The variable holds something that can't be called, or mustn't.
    case endpointNotAllowed(variable: String, reason: String)
    /// The authorization token for the endpoint would break out of its header.
    case malformedAuthorization
    /// The file with the bearer token can't be read, or is too large.
    case bearerUnreadable(path: String)
    /// The endpoint's answer is not what it should be.
    case malformedCredentials(String)
    /// No source names a region.
    case regionUnknown
    /// The region isn't one that AWS could have.
    case regionMalformed(String)
    /// The audience can't be put in a header.
    case audienceMalformed
    /// The key's hash isn't 32 bytes.
    case keyHashMalformed
    /// The credentials have ended.
    case credentialsExpired(expiration: Int64)
    /// The attestation is longer than the control plane reads.
    case oversized(bytes: Int)

    package var description: String {
        switch self {
        case .noCredentialsEndpoint:
            "neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set; "
                + "does the task definition have a task role?"
        case .endpointNotAllowed(let variable, let reason): "\(variable): \(reason)"
        case .malformedAuthorization:
            "the authorization token must be 1 to \(CredentialsEndpoint.authorizationBytes) visible ASCII "
                + "characters"
        case .bearerUnreadable(let path):
            "bearer token file \(path.prefix(255)) can't be read, or has more than "
                + "\(CredentialsEndpoint.authorizationBytes) bytes"
        case .malformedCredentials(let reason): "the container credentials endpoint's answer: \(reason)"
        case .regionUnknown:
            "no region is known; set AWS_REGION, or let the task metadata endpoint be reachable"
        case .regionMalformed(let region): "\(region) is not an AWS region"
        case .audienceMalformed: "the audience must be 1 to 255 visible ASCII characters"
        case .keyHashMalformed: "the key's hash must be 32 bytes"
        case .credentialsExpired(let expiration):
            "the task role's credentials expired at \(expiration) (seconds since 1970); check the clock"
        case .oversized(let bytes):
            "the attestation has \(bytes) bytes; at most \(TaskAttestation.byteLimit) are allowed"
        }
    }
}
