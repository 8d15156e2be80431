/// One JSON value (RFC 8259), as far as it means something here: small documents of known shape.
package enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    /// A number as it was written, so that nothing is lost.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// The text of a string; nil for anything else.
    package var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// A number without fraction and exponent that fits 64 bits; nil for anything else.
    package var integer: Int64? {
        guard case .number(let text) = self else { return nil }
        return Int64(text)
    }

    /// The members of an object; nil for anything else.
    package var object: JSONObject? {
        guard case .object(let object) = self else { return nil }
        return object
    }

    /// The elements of an array; nil for anything else.
    package var array: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }
}

/// The members of a JSON object, in the order they were written; no name occurs twice.
package struct JSONObject: Sendable, Hashable {
    /// A name with its value.
    package struct Member: Sendable, Hashable {
        package var name: String
        package var value: JSONValue
    }

    /// All members in order.
    package private(set) var members: [Member] = []

    package init() {}

    /// The value of the member `name`; nil when there is none.
    package subscript(name: String) -> JSONValue? { members.first { $0.name == name }?.value }

    /// Adds a member; false, and nothing changes, when the name is taken.
    package mutating func add(_ name: String, _ value: JSONValue) -> Bool {
        guard self[name] == nil else { return false }
        members.append(Member(name: name, value: value))
        return true
    }
}

/// Why bytes aren't a JSON document that we read; the position is an offset in bytes.
package struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        case tooLarge
        case tooDeep
        case tooManyMembers
        case unexpectedEnd
        case unexpectedByte(UInt8)
        case trailingBytes
        case invalidLiteral
        case invalidNumber
        case invalidEscape
        case invalidUTF8
        case controlCharacter
        case duplicateName
    }

    package var kind: Kind
    package var offset: Int

    package init(kind: Kind, offset: Int) {
        self.kind = kind
        self.offset = offset
    }

    package var description: String { "not valid JSON at byte \(offset): \(text)" }

    private var text: String {
        switch kind {
        case .tooLarge: "document is larger than \(JSONReader.byteLimit) bytes"
        case .tooDeep: "more than \(JSONReader.depthLimit) levels"
        case .tooManyMembers: "more than \(JSONReader.memberLimit) members in one object"
        case .unexpectedEnd: "document ends too early"
        case .unexpectedByte(let byte): "unexpected byte 0x\(String(byte, radix: 16))"
        case .trailingBytes: "something follows the document"
        case .invalidLiteral: "expected true, false or null"
        case .invalidNumber: "malformed number"
        case .invalidEscape: "malformed escape"
        case .invalidUTF8: "string is not UTF-8"
        case .controlCharacter: "control character in a string must be escaped"
        case .duplicateName: "object has two members of one name"
        }
    }
}
