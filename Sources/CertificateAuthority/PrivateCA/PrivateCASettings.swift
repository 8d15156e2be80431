package import AWSClient

/// Which AWS Private CA stands above the mesh, and how it is asked.
package struct PrivateCASettings: Sendable, Hashable {
    /// How leaves are named where the Private CA signs each of them.
    package enum LeafTemplate: String, Sendable, Hashable, CaseIterable {
        /// Names come with the call, and the subject says the trust domain:
        /// `BlankEndEntityCertificate_APIPassthrough`.
        case apiPassthrough
        /// The same with an empty subject; the names are then a critical extension.
        case apiPassthroughWithoutSubject
        /// Names come from the workload's request, which must hold nothing else: `EndEntityCertificate_CSRPassthrough`.
        case csrPassthrough
    }

    /// The authority's ARN, `arn:aws:acm-pca:<region>:<account>:certificate-authority/<id>`.
    package let authority: ARN
    /// The template of the intermediate.
    package var intermediateTemplate: String
    /// The template of leaves; nil for that of `leafTemplate`.
    package var leafTemplateARN: String?
    /// How leaves are named.
    package var leafTemplate: LeafTemplate = .apiPassthrough
    /// How long the intermediate lives. Cut to what the Private CA has left and allows.
    package var intermediateLifetime: Duration = .seconds(90 * 86_400)
    /// Roots that peers trust beside the Private CA's, PEM; how a mesh moves from one to another.
    package var additionalRoots: String?
    /// The longest wait for one call, with its retries.
    package var callDeadline: Duration = .seconds(10)
    /// The longest wait until an issued certificate is ready.
    package var issueDeadline: Duration = .seconds(60)
    /// The most leaves asked for at once.
    package var concurrentLeaves = 16
    /// The most leaves asked for in a second, and in a burst. AWS allows 25 a second in a region, for everybody.
    package var leavesPerSecond = 10

    /// Names an authority.
    ///
    /// - Throws: `AuthorityError` with `private_ca_request_invalid` when the ARN is not that of a Private CA.
    package init(authority text: String) throws(AuthorityError) {
        guard let arn = ARN(parsing: text), arn.service == "acm-pca", !arn.account.isEmpty,
            AWSPartition.isPlausible(region: arn.region), arn.resource.hasPrefix("certificate-authority/")
        else {
            throw AuthorityError(
                .privateCARequestInvalid,
                "'\(PlainLine.of(text, bytes: 160))' must be the ARN of a Private CA, "
                    + "arn:aws:acm-pca:<region>:<account>:certificate-authority/<id>"
            )
        }
        self.authority = arn
        self.intermediateTemplate = Self.template("SubordinateCACertificate_PathLen0", arn.partition)
    }

    /// The template of leaves.
    var leafTemplateInForce: String {
        if let leafTemplateARN { return leafTemplateARN }
        switch self.leafTemplate {
        case .apiPassthrough, .apiPassthroughWithoutSubject:
            return Self.template("BlankEndEntityCertificate_APIPassthrough", self.authority.partition)
        case .csrPassthrough: return Self.template("EndEntityCertificate_CSRPassthrough", self.authority.partition)
        }
    }

    private static func template(_ name: String, _ partition: String) -> String {
        "arn:\(partition):acm-pca:::template/\(name)/V1"
    }
}
