import AWSClient

/// A ServiceAccountBinding that is to be made.
struct RoleBinding: Sendable, Hashable {
    /// The role's ARN.
    let role: RoleARN
    /// The namespace.
    let namespace: MeshName
    /// The service account.
    let serviceAccount: MeshName
    /// The binding's name; the role's own, fitted to the rules of names, unless given.
    var name: String

    /// Binds a role to `namespace/service account`.
    init(role: RoleARN, account: AccountName, name: String? = nil) {
        self.role = role
        self.namespace = account.namespace
        self.serviceAccount = account.serviceAccount
        self.name = name ?? Self.name(of: role)
    }

    /// `namespace/service account`.
    var account: String { "\(self.namespace.text)/\(self.serviceAccount.text)" }

    /// The document.
    var json: JSONValue {
        [
            "apiVersion": "tulle.mesh/v1alpha1",
            "kind": "ServiceAccountBinding",
            "metadata": ["name": .string(self.name)],
            "spec": [
                "role": .string(self.role.text), "namespace": .string(self.namespace.text),
                "serviceAccount": .string(self.serviceAccount.text),
            ],
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
