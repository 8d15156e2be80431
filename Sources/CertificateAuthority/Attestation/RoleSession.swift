/// Who signed, as STS says: a session of a role.
package struct RoleSession: Sendable, Hashable {
    /// The partition, such as `aws`.
    package let partition: String
    /// The account, 12 digits.
    package let account: String
    /// The role's name without its path; STS leaves the path out.
    package let role: String
    /// The session's name. For an ECS task's role it is the task id.
    package let session: String

    /// Reads `arn:<partition>:sts::<account>:assumed-role/<role>/<session>`; nil for a user, the root or anything else.
    package init?(arn: String) {
        guard arn.utf8.count <= 256 else { return nil }
        let parts = arn.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn", parts[1].hasPrefix("aws"), parts[2] == "sts", parts[3].isEmpty,
            ARNText.isAccount(parts[4])
        else { return nil }
        let path = parts[5].split(separator: "/", omittingEmptySubsequences: false)
        guard path.count == 3, path[0] == "assumed-role", ARNText.isName(path[1]), ARNText.isName(path[2]) else {
            return nil
        }
        self.partition = String(parts[1])
        self.account = String(parts[4])
        self.role = String(path[1])
        self.session = String(path[2])
    }

    /// The session's name when it has the form of a task id: 32 lower-case hex digits.
    package var taskID: String? {
        let isHex = self.session.utf8.allSatisfy { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
        }
        return self.session.utf8.count == 32 && isHex ? self.session : nil
    }
}

/// An IAM role, without its path: STS does not tell it, and names are unique in an account.
package struct RoleName: Sendable, Hashable, CustomStringConvertible {
    /// The partition, such as `aws`.
    package let partition: String
    /// The account, 12 digits.
    package let account: String
    /// The name.
    package let name: String

    /// Reads `arn:<partition>:iam::<account>:role/<path>/<name>`; nil for anything else.
    package init?(arn: String) {
        guard arn.utf8.count <= 2048 else { return nil }
        let parts = arn.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn", parts[1].hasPrefix("aws"), parts[2] == "iam", parts[3].isEmpty,
            ARNText.isAccount(parts[4]), parts[5].hasPrefix("role/"),
            let name = parts[5].split(separator: "/", omittingEmptySubsequences: false).last, ARNText.isName(name)
        else { return nil }
        self.partition = String(parts[1])
        self.account = String(parts[4])
        self.name = String(name)
    }

    /// The role of a session.
    package init(_ session: RoleSession) {
        self.partition = session.partition
        self.account = session.account
        self.name = session.role
    }

    package var description: String { "arn:\(self.partition):iam::\(self.account):role/\(self.name)" }
}

/// The character rules of IAM names in ARNs.
enum ARNText {
    static func isAccount(_ text: Substring) -> Bool {
        text.utf8.count == 12 && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// Letters, digits and `+=,.@_-`, 1 to 64 of them: role names and session names.
    static func isName(_ text: Substring) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "="), UInt8(ascii: ","),
                    UInt8(ascii: "."), UInt8(ascii: "@"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
