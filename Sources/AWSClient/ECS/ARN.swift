/// The parts of an Amazon resource name, `arn:partition:service:region:account:resource`.
package struct ARN: Sendable, Hashable, CustomStringConvertible {
    /// Such as `aws` or `aws-cn`.
    package var partition: String
    /// Such as `ecs`.
    package var service: String
    /// Empty for global resources.
    package var region: String
    /// Twelve digits; empty for resources without an owner.
    package var account: String
    /// All that follows, slashes and colons included.
    package var resource: String

    /// Longer texts are refused; AWS's own limit is 2,048.
    package static let maximumLength = 2_048

    /// Reads an ARN; `nil` when a part is missing, the account is neither empty nor twelve digits, or a byte is not
    /// printable ASCII.
    package init?(parsing text: String) {
        guard text.utf8.count <= Self.maximumLength, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            return nil
        }
        let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 6, parts[0] == "arn", !parts[1].isEmpty, !parts[2].isEmpty, !parts[5].isEmpty else {
            return nil
        }
        let account = parts[4]
        guard account.isEmpty || (account.utf8.count == 12 && account.utf8.allSatisfy { (0x30...0x39).contains($0) })
        else { return nil }
        self.partition = parts[1]
        self.service = parts[2]
        self.region = parts[3]
        self.account = account
        self.resource = parts[5]
    }

    package var description: String {
        "arn:\(self.partition):\(self.service):\(self.region):\(self.account):\(self.resource)"
    }

    /// What stands after the last slash, or the whole text when there is none.
    package static func lastPart(_ text: String) -> String {
        text.split(separator: "/").last.map(String.init) ?? text
    }
}
