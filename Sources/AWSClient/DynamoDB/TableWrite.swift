/// What must hold of an item for a write to be made.
package enum TableCondition: Sendable, Hashable {
    /// There is no item of this key.
    case absent
    /// There is one.
    case present
    /// There is one, and these fields have these values.
    case equal([String: TableValue])
}

/// One write of a transaction.
package struct TableWrite: Sendable, Hashable {
    /// What is done to the item.
    package enum Action: Sendable, Hashable {
        /// The item has these fields and no others afterwards.
        case put([String: TableValue])
        /// These fields get these values, and those numbers grow by so much; a number that is missing counts as 0. Other
        /// fields stay. An item that is missing is made.
        case update(set: [String: TableValue], add: [String: Int64])
        /// The item is gone afterwards.
        case delete
        /// Only the condition is asked for.
        case check
    }

    /// Which item.
    package var key: TableKey
    /// What is done to it.
    package var action: Action
    /// What must hold of it; nil for nothing.
    package var condition: TableCondition?

    /// Puts an item in place of what was there.
    package static func put(_ item: TableItem, if condition: TableCondition? = nil) -> TableWrite {
        TableWrite(key: item.key, action: .put(item.fields), condition: condition)
    }

    /// Changes fields of an item.
    package static func update(
        _ key: TableKey,
        set: [String: TableValue] = [:],
        add: [String: Int64] = [:],
        if condition: TableCondition? = nil
    ) -> TableWrite {
        TableWrite(key: key, action: .update(set: set, add: add), condition: condition)
    }

    /// Removes an item.
    package static func delete(_ key: TableKey, if condition: TableCondition? = nil) -> TableWrite {
        TableWrite(key: key, action: .delete, condition: condition)
    }

    /// Changes nothing, but must hold for the others to be made.
    package static func check(_ key: TableKey, _ condition: TableCondition) -> TableWrite {
        TableWrite(key: key, action: .check, condition: condition)
    }
}

/// What became of a transaction.
package enum TableOutcome: Sendable, Hashable {
    /// All of it was made.
    case done
    /// Nothing of it was made, as the conditions of these writes, by index, did not hold.
    case conflict([Int])
}
