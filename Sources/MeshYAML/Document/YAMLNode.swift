/// One value of a YAML document. Aliases are expanded, and no mapping has a key twice.
package struct YAMLNode: Hashable, Sendable {
    /// The three kinds of value.
    package enum Content: Hashable, Sendable {
        case scalar(YAMLScalar)
        case sequence([YAMLNode])
        case mapping([YAMLEntry])
    }

    /// The value.
    package var content: Content
    /// Its tag where the document gives one of its own, such as `!Exact`; else empty.
    package var tag: String
    /// Where it begins.
    package var position: YAMLPosition
}

/// A key of a mapping and its value, in the order of the document.
package struct YAMLEntry: Hashable, Sendable {
    /// The key's text.
    package var key: String
    /// Where the key begins.
    package var position: YAMLPosition
    /// The value.
    package var value: YAMLNode
}

/// A text, and whether it may mean more than a text.
///
/// Plain (unquoted) scalars are read by the core schema of YAML 1.2, as Istio's ztunnel does: `true` and `false` in
/// three spellings are truth values, and YAML 1.1's `yes`, `no`, `on` and `off` are texts. Quoted ones are always texts.
package struct YAMLScalar: Hashable, Sendable {
    /// The text.
    package var text: String
    /// Whether it stands without quotes and without a tag that makes it a text.
    package var isPlain: Bool

    /// Whether it means "nothing": `~`, `null` or empty, without quotes.
    package var isNull: Bool { self.isPlain && ["", "~", "null", "Null", "NULL"].contains(self.text) }

    /// The truth value; nil when it is none.
    package var flag: Bool? {
        guard self.isPlain else { return nil }
        switch self.text {
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default: return nil
        }
    }

    /// The whole number in decimal digits; nil when it is none.
    package var integer: Int64? {
        guard self.isPlain, (1...19).contains(self.text.utf8.count) else { return nil }
        let digits = self.text.hasPrefix("-") ? self.text.dropFirst() : self.text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int64(self.text)
    }
}
