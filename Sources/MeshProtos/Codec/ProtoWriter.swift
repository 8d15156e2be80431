/// Appends protobuf fields to a buffer.
///
/// `write` leaves a field out when it has its default value, `writeAlways` does not (members of a oneof). Optional
/// values are written when they are there.
package struct ProtoWriter {
    /// What has been written so far.
    package private(set) var bytes: [UInt8] = []

    /// An empty buffer.
    package init() {}

    /// Writes a string.
    package mutating func write(_ value: String, _ number: UInt32) {
        if !value.isEmpty { self.writeAlways(value, number) }
    }

    /// Writes a string, also an empty one.
    package mutating func writeAlways(_ value: String, _ number: UInt32) {
        self.tag(number, .bytes)
        self.varint(UInt64(value.utf8.count))
        self.bytes.append(contentsOf: value.utf8)
    }

    /// Writes each string.
    package mutating func write(_ values: [String], _ number: UInt32) {
        for value in values { self.writeAlways(value, number) }
    }

    /// Writes bytes.
    package mutating func write(_ value: [UInt8], _ number: UInt32) {
        if !value.isEmpty { self.writeAlways(value, number) }
    }

    /// Writes bytes, also when there are none.
    package mutating func writeAlways(_ value: [UInt8], _ number: UInt32) {
        self.tag(number, .bytes)
        self.varint(UInt64(value.count))
        self.bytes.append(contentsOf: value)
    }

    /// Writes each run of bytes.
    package mutating func write(_ values: [[UInt8]], _ number: UInt32) {
        for value in values { self.writeAlways(value, number) }
    }

    /// Writes a `uint32`.
    package mutating func write(_ value: UInt32, _ number: UInt32) {
        if value != 0 { self.writeVarint(UInt64(value), number) }
    }

    /// Writes a `uint32` whose presence matters.
    package mutating func write(_ value: UInt32?, _ number: UInt32) {
        if let value { self.writeVarint(UInt64(value), number) }
    }

    /// Writes a packed run of `uint32`.
    package mutating func write(_ values: [UInt32], _ number: UInt32) {
        self.writePacked(values, number) { UInt64($0) }
    }

    /// Writes an `int32`; a negative one takes ten bytes, as protobuf rules it.
    package mutating func write(_ value: Int32, _ number: UInt32) {
        if value != 0 { self.writeVarint(UInt64(bitPattern: Int64(value)), number) }
    }

    /// Writes an `int64`.
    package mutating func write(_ value: Int64, _ number: UInt32) {
        if value != 0 { self.writeVarint(UInt64(bitPattern: value), number) }
    }

    /// Writes a `bool`.
    package mutating func write(_ value: Bool, _ number: UInt32) {
        if value { self.writeVarint(1, number) }
    }

    /// Writes an enumeration.
    package mutating func write<E: ProtoEnum>(_ value: E, _ number: UInt32) {
        self.write(value.rawValue, number)
    }

    /// Writes a packed run of enumeration values.
    package mutating func write<E: ProtoEnum>(_ values: [E], _ number: UInt32) {
        self.writePacked(values, number) { UInt64(bitPattern: Int64($0.rawValue)) }
    }

    /// Writes a varint field, also a zero.
    package mutating func writeVarint(_ value: UInt64, _ number: UInt32) {
        self.tag(number, .varint)
        self.varint(value)
    }

    /// Writes a `double`, also a zero.
    package mutating func writeAlways(_ value: Double, _ number: UInt32) {
        self.tag(number, .fixed64)
        self.littleEndian(value.bitPattern)
    }

    /// Writes a `fixed64`.
    package mutating func writeFixed(_ value: UInt64, _ number: UInt32) {
        guard value != 0 else { return }
        self.tag(number, .fixed64)
        self.littleEndian(value)
    }

    /// Writes a `fixed64` or `sfixed64`, also a zero.
    package mutating func writeFixedAlways(_ value: UInt64, _ number: UInt32) {
        self.tag(number, .fixed64)
        self.littleEndian(value)
    }

    /// Writes a packed run of `fixed64`.
    package mutating func writeFixed(_ values: [UInt64], _ number: UInt32) {
        guard !values.isEmpty else { return }
        self.nested(number) { writer in
            for value in values { writer.littleEndian(value) }
        }
    }

    /// Writes a packed run of `double`.
    package mutating func write(_ values: [Double], _ number: UInt32) {
        self.writeFixed(values.map(\.bitPattern), number)
    }

    /// Writes a `fixed32`.
    package mutating func writeFixed(_ value: UInt32, _ number: UInt32) {
        guard value != 0 else { return }
        self.tag(number, .fixed32)
        self.littleEndian(value)
    }

    private mutating func littleEndian(_ value: some FixedWidthInteger) {
        for shift in stride(from: 0, to: value.bitWidth, by: 8) {
            self.bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    /// Writes a nested message, also an empty one.
    package mutating func writeAlways(_ message: some ProtoMessage, _ number: UInt32) {
        self.nested(number) { message.encode(into: &$0) }
    }

    /// Writes a nested message if there is one.
    package mutating func write(_ message: (some ProtoMessage)?, _ number: UInt32) {
        if let message { self.writeAlways(message, number) }
    }

    /// Writes each nested message.
    package mutating func write(_ messages: [some ProtoMessage], _ number: UInt32) {
        for message in messages { self.writeAlways(message, number) }
    }

    /// Writes a map, in the order of its keys' bytes.
    package mutating func write(_ map: [String: String], _ number: UInt32) {
        for (key, value) in map.sorted(by: { Self.precedes($0.key, $1.key) }) {
            self.nested(number) {
                $0.writeAlways(key, 1)
                $0.writeAlways(value, 2)
            }
        }
    }

    /// Writes a map, in the order of its keys' bytes.
    package mutating func write<M: ProtoMessage>(_ map: [String: M], _ number: UInt32) {
        for (key, value) in map.sorted(by: { Self.precedes($0.key, $1.key) }) {
            self.nested(number) {
                $0.writeAlways(key, 1)
                $0.writeAlways(value, 2)
            }
        }
    }

    /// Swift orders strings by Unicode's canonical forms; the wire's order is the bytes'.
    private static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    private mutating func writePacked<T>(_ values: [T], _ number: UInt32, _ encode: (T) -> UInt64) {
        guard !values.isEmpty else { return }
        self.nested(number) { writer in
            for value in values { writer.varint(encode(value)) }
        }
    }

    /// Writes what `body` writes, behind its length.
    private mutating func nested(_ number: UInt32, _ body: (inout ProtoWriter) -> Void) {
        self.tag(number, .bytes)
        let start = self.bytes.count
        // Most values are shorter than 128 bytes: keep one byte for the length and widen it when that was wrong.
        self.bytes.append(0)
        body(&self)
        var length = UInt64(self.bytes.count - start - 1)
        if length < 0x80 {
            self.bytes[start] = UInt8(length)
            return
        }
        var prefix: [UInt8] = []
        while length >= 0x80 {
            prefix.append(UInt8(truncatingIfNeeded: length) | 0x80)
            length >>= 7
        }
        prefix.append(UInt8(truncatingIfNeeded: length))
        self.bytes.replaceSubrange(start...start, with: prefix)
    }

    private mutating func tag(_ number: UInt32, _ type: ProtoField.WireType) {
        self.varint(UInt64(number) << 3 | UInt64(type.rawValue))
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            self.bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        self.bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}
