/// What one JSON text may cost.
package struct JSONLimits: Hashable, Sendable {
    /// Bytes of the text.
    package var bytes: Int
    /// How deep arrays and objects nest.
    package var depth: Int
    /// Members of objects and elements of arrays, all together.
    package var members: Int
    /// Whether two names of an object may differ in case alone. Readers that ignore case would see other values than we.
    package var allowsCaseVariants: Bool

    /// The longest number, in bytes.
    package static let numberBytes = 1_024

    /// Joins the limits.
    package init(bytes: Int, depth: Int, members: Int, allowsCaseVariants: Bool = false) {
        self.bytes = bytes
        self.depth = depth
        self.members = members
        self.allowsCaseVariants = allowsCaseVariants
    }
}

/// Why a text is refused as JSON.
package enum JSONFault: Error, Hashable, Sendable {
    /// More bytes than ``JSONLimits/bytes``.
    case tooLong
    /// Nested deeper than ``JSONLimits/depth``.
    case tooDeep
    /// More than ``JSONLimits/members``.
    case tooManyMembers
    /// A name is twice in one object, or, where that is refused, two names differ in case alone.
    case repeatedName
    /// A text that is not UTF-8, or half of a surrogate pair.
    case invalidText
    /// Not by the grammar of RFC 8259; the payload is the place of the byte.
    case malformed(at: Int)
    /// The text ends early.
    case incomplete
}
