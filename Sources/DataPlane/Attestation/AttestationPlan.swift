package import MeshModel

/// What the attestation of an ECS task is made of, as far as its environment tells.
package struct AttestationPlan: Sendable {
    /// For whom it is meant.
    package var audience: String
    /// Where the task's credentials are.
    package var endpoint: CredentialsEndpoint
    /// The region, where the environment names one; else the task's metadata tell.
    package var region: AWSRegion?
    /// Where the task's metadata are; nil where nobody says.
    package var metadata: (address: SocketAddress, request: HTTPClientRequest)?

    /// Reads the environment.
    ///
    /// - Parameters:
    ///   - audience: from the bootstrap token.
    ///   - environment: gives a variable's value; an empty one counts as absent.
    /// - Throws: ``AttestationError`` when there are no credentials, or nothing could tell the region.
    package init(audience: String, environment: (String) -> String?) throws(AttestationError) {
        self.audience = audience
        self.endpoint = try CredentialsEndpoint(environment: environment)
        let hasRegion = ["AWS_REGION", "AWS_DEFAULT_REGION"].contains { environment($0)?.isEmpty == false }
        self.region = hasRegion ? try AWSRegion.resolve(environment: environment, taskARN: nil) : nil
        self.metadata = environment("ECS_CONTAINER_METADATA_URI_V4").flatMap { TaskMetadata.endpoint($0) }
        guard self.region != nil || self.metadata != nil else { throw .regionUnknown }
    }
}
