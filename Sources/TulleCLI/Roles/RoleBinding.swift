import AWSClient

/// A ServiceAccountBinding that is to be made.
struct RoleBinding: Sendable, Hashable {
    /// The role's ARN.
    let role: RoleARN
    /// The namespace.
    let namespace: MeshName
    /// The service account.
    let serviceAccount: MeshName
    /// Names of the Lambda functions that it is for; empty for tasks.
    var functions: [FunctionName] = []
    /// The binding's name; the role's own, fitted to the rules of names, unless given.
    var name: String

    /// Binds a role to `namespace/service account`.
    init(role: RoleARN, account: AccountName, functions: [FunctionName] = [], name: String? = nil) {
        self.functions = functions
        self.role = role
        self.namespace = account.namespace
        self.serviceAccount = account.serviceAccount
        self.name = name ?? Self.name(of: role)
    }

    /// `namespace/service account`.
    var account: String { "\(self.namespace.text)/\(self.serviceAccount.text)" }

    /// The document.
    var json: JSONValue {
        var spec: JSONValue = [
            "role": .string(self.role.text), "namespace": .string(self.namespace.text),
            "serviceAccount": .string(self.serviceAccount.text),
        ]
        if !self.functions.isEmpty { spec["functions"] = .strings(self.functions.map(\.text)) }
        return [
            "apiVersion": "tulle.mesh/v1alpha1",
            "kind": "ServiceAccountBinding",
            "metadata": ["name": .string(self.name)],
            "spec": spec,
        ]
    }

    /// Account and name of the role as a DNS label: two accounts may have roles of one name.
    private static func name(of role: RoleARN) -> String {
        var label = ""
        for byte in "\(role.name)-\(role.account)".lowercased().utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                label.unicodeScalars.append(Unicode.Scalar(byte))
            default: if !label.hasSuffix("-"), !label.isEmpty { label += "-" }
            }
        }
        // The account's twelve digits and their dash stay whole.
        guard label.utf8.count > 63 else { return label }
        return String(label.prefix(63 - 13)) + label.suffix(13)
    }
}

/// The ARN of an IAM role.
struct RoleARN: Sendable, Hashable {
    /// All of it.
    let text: String
    /// The account's twelve digits.
    let account: String
    /// The name, without its path.
    let name: String

    /// Reads `arn:<partition>:iam::<account>:role/<path and name>`; nil for anything else.
    init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false).map(String.init)
        guard text.utf8.count <= 2048, parts.count == 6, parts[0] == "arn", parts[1].hasPrefix("aws"),
            parts[2] == "iam",
            parts[3].isEmpty, parts[4].utf8.count == 12, parts[4].allSatisfy({ $0.isASCII && $0.isNumber }),
            parts[5].hasPrefix("role/"), let name = parts[5].split(separator: "/").dropFirst().last,
            !parts[5].hasSuffix("/"), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else { return nil }
        self.text = text
        self.account = parts[4]
        self.name = String(name)
    }
}

/// The name of a Lambda function, without account, version or alias.
struct FunctionName: Sendable, Hashable {
    let text: String

    /// Reads 1 to 64 letters, digits, `-` and `_`; nil for anything else.
    init?(_ text: String) {
        let isAllowed = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard (1...64).contains(text.utf8.count), isAllowed else { return nil }
        self.text = text
    }
}

/// A service account with its namespace: `shop/web`.
struct AccountName: Sendable, Hashable {
    let namespace: MeshName
    let serviceAccount: MeshName

    /// Reads `namespace/service account`; nil for anything else.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let namespace = MeshName(parts[0]), let account = MeshName(parts[1]) else { return nil }
        self.namespace = namespace
        self.serviceAccount = account
    }
}
