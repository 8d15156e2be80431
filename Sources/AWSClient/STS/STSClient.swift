extension AWSClient {
    /// Who AWS thinks we are.
    ///
    /// - Throws: `AWSError`.
    package func callerIdentity(region: String? = nil) async throws -> CallerIdentity {
        let action = "GetCallerIdentity"
        let answer = try await self.query(.sts, action: action, region: region ?? self.region ?? "us-east-1")
        guard let identity = CallerIdentity(answer) else {
            throw AWSError(
                service: "sts",
                action: action,
                code: AWSError.Code.incompleteResponse,
                message: "the answer lacks Account, Arn or UserId",
                status: 200,
                kind: .server
            )
        }
        return identity
    }
}

/// What `GetCallerIdentity` says.
package struct CallerIdentity: Sendable, Hashable {
    /// Twelve digits.
    package var account: String
    /// Such as `arn:aws:sts::111122223333:assumed-role/web/0123…`.
    package var arn: String
    /// Such as `AROA…:0123…`.
    package var userID: String

    /// Holds the parts as they are.
    package init(account: String, arn: String, userID: String) {
        self.account = account
        self.arn = arn
        self.userID = userID
    }

    /// Reads the XML form; each part must be there exactly once.
    init?(_ root: XMLElement) {
        guard root.name == "GetCallerIdentityResponse", let result = root.only("GetCallerIdentityResult"),
            let account = result.only("Account")?.text, let arn = result.only("Arn")?.text,
            let userID = result.only("UserId")?.text
        else { return nil }
        self.init(checking: account, arn, userID)
    }

    /// Reads the JSON form; the parser has refused names that come twice.
    init?(_ root: JSONValue) {
        guard let result = root["GetCallerIdentityResponse"]?["GetCallerIdentityResult"],
            let account = result["Account"]?.string, let arn = result["Arn"]?.string,
            let userID = result["UserId"]?.string
        else { return nil }
        self.init(checking: account, arn, userID)
    }

    private init?(checking account: String, _ arn: String, _ userID: String) {
        guard let parsed = ARN(parsing: arn), parsed.account == account, !account.isEmpty, !userID.isEmpty else {
            return nil
        }
        self.init(account: account, arn: arn, userID: userID)
    }
}
