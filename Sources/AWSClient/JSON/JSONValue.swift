/// Any JSON, without loss: members keep their order, numbers their text, and what nobody knows stays in.
///
/// Task definitions are edited as this type, so that fields AWS adds later survive the edit.
package enum JSONValue: Sendable, Hashable {
    /// `null`
    case null
    /// `true` or `false`
    case bool(Bool)
    /// A number by its text.
    case number(JSONNumber)
    /// A string, unescaped.
    case string(String)
    /// Values in order.
    case array([JSONValue])
    /// Members in order.
    case object(JSONObject)

    /// A whole number.
    package static func int(_ value: some BinaryInteger) -> JSONValue { .number(JSONNumber(value)) }

    /// Strings as an array.
    package static func strings(_ values: some Sequence<String>) -> JSONValue { .array(values.map(JSONValue.string)) }

    /// The text when this is a string.
    package var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The truth value when this is one.
    package var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The whole number when this is one that fits.
    package var int: Int? {
        if case .number(let value) = self { value.int } else { nil }
    }

    /// The nearest double when this is a number.
    package var double: Double? {
        if case .number(let value) = self { value.double } else { nil }
    }

    /// The values when this is an array.
    package var array: [JSONValue]? {
        if case .array(let values) = self { values } else { nil }
    }

    /// The members when this is an object.
    package var object: JSONObject? {
        if case .object(let members) = self { members } else { nil }
    }

    /// The strings of an array; what is not a string is left out. Empty when this is no array.
    package var strings: [String] { self.array?.compactMap(\.string) ?? [] }

    /// Whether this is `null`.
    package var isNull: Bool { self == .null }

    /// A member of an object; `nil` on any other value. Setting on a value that is no object makes it one.
    package subscript(name: String) -> JSONValue? {
        get { self.object?[name] }
        set {
            var members = self.object ?? JSONObject()
            members[name] = newValue
            self = .object(members)
        }
    }

    /// An element of an array; `nil` outside its bounds and on any other value.
    package subscript(index: Int) -> JSONValue? {
        guard let values = self.array, values.indices.contains(index) else { return nil }
        return values[index]
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .int(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(nilLiteral: ()) { self = .null }
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements.map { (name: $0.0, value: $0.1) }))
    }
}

extension JSONValue: CustomStringConvertible {
    /// The compact text.
    package var description: String { self.text() }
}
