/// An access key with its secret, and the session token when it is temporary.
///
/// Descriptions never show the secret or the token.
package struct SignatureCredentials: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The public half, `AKIA…` or `ASIA…`.
    package var accessKeyID: String
    /// The secret half.
    package var secretAccessKey: String
    /// Proof that temporary credentials belong to a session; sent and signed as `X-Amz-Security-Token`.
    package var sessionToken: String?

    /// Holds the parts as they are; nothing is checked.
    package init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }

    package var description: String {
        "SignatureCredentials(\(self.accessKeyID), secret masked)"
    }

    package var debugDescription: String { self.description }

    package var customMirror: Mirror { Mirror(self, children: ["accessKeyID": self.accessKeyID]) }
}
