/// A namespace or service account: a DNS label, because it becomes part of host names and of SPIFFE IDs.
package struct MeshName: Sendable, Hashable, CustomStringConvertible {
    /// The label.
    package let text: String

    /// `nil` unless the text is 1 to 63 of `a-z`, `0-9` and `-`, with no `-` at either end.
    package init?(_ text: String) {
        let bytes = text.utf8
        guard (1...63).contains(bytes.count), bytes.first != UInt8(ascii: "-"), bytes.last != UInt8(ascii: "-"),
            bytes.allSatisfy({ byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                default: false
                }
            })
        else { return nil }
        self.text = text
    }

    package var description: String { self.text }
}
