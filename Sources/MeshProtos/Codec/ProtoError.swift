/// Why bytes from outside could not be read as a protobuf message.
///
/// Every case is a fault of the sender; the reader never traps.
package enum ProtoError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The bytes ended inside a field.
    case truncated
    /// A variable-length integer has more than 10 bytes or does not fit 64 bits.
    case varintTooLong
    /// A field number of 0, or above 2^29 − 1.
    case fieldNumberOutOfRange(UInt64)
    /// A wire type that we refuse: groups (3, 4), and the undefined 6 and 7.
    case refusedWireType(UInt8)
    /// A length prefix beyond the bytes at hand; the payload is the claimed length.
    case lengthOutOfRange(UInt64)
    /// Messages nested deeper than ``ProtoLimits/depth``.
    case tooDeep
    /// More bytes than ``ProtoLimits/bytes``; the payload is the size found.
    case tooLarge(Int)
    /// More fields than ``ProtoLimits/fields``.
    case tooManyFields
    /// A string field that is not UTF-8; the payload is the field's number.
    case invalidUTF8(field: UInt32)

    package var description: String {
        switch self {
        case .truncated: "the message ends inside a field"
        case .varintTooLong: "an integer is longer than 10 bytes or 64 bits"
        case .fieldNumberOutOfRange(let number): "field number \(number) is not in 1...536870911"
        case .refusedWireType(let type): "wire type \(type) is not one of 0, 1, 2, 5"
        case .lengthOutOfRange(let length): "a field claims \(length) bytes, more than the message has left"
        case .tooDeep: "messages are nested too deep"
        case .tooLarge(let size): "the message has \(size) bytes, more than is allowed"
        case .tooManyFields: "the message has more fields than are allowed"
        case .invalidUTF8(let field): "string field \(field) is not UTF-8"
        }
    }
}
