/// What a field of a table's item holds. Other types of DynamoDB's are not read.
package enum TableValue: Sendable, Hashable {
    /// Text.
    case string(String)
    /// A whole number.
    case number(Int64)
    /// Bytes.
    case bytes([UInt8])

    /// The text when this is some.
    package var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The number when this is one.
    package var number: Int64? {
        if case .number(let value) = self { value } else { nil }
    }

    /// The bytes when this is some.
    package var bytes: [UInt8]? {
        if case .bytes(let value) = self { value } else { nil }
    }
}

/// Where an item stands: the key of its partition and its key in there, both text.
package struct TableKey: Sendable, Hashable, CustomStringConvertible {
    /// The field `pk`.
    package var partition: String
    /// The field `sk`.
    package var sort: String

    /// A key of its two parts.
    package init(_ partition: String, _ sort: String) {
        self.partition = partition
        self.sort = sort
    }

    package var description: String { "\(self.partition)/\(self.sort)" }
}

/// An item of a table.
package struct TableItem: Sendable, Hashable {
    /// Where it stands.
    package var key: TableKey
    /// Its fields by name, without those of the key. `ttl` is when DynamoDB may remove it, in seconds since 1970.
    package var fields: [String: TableValue]

    /// An item of its parts.
    package init(_ key: TableKey, _ fields: [String: TableValue] = [:]) {
        self.key = key
        self.fields = fields
    }

    /// A field; nil when there is none.
    package subscript(name: String) -> TableValue? { self.fields[name] }
}
