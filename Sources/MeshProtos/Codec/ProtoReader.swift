/// The number and wire type in front of a field's value.
package struct ProtoField: Hashable, Sendable {
    /// How a value is laid out on the wire. Groups are not among them: we refuse those.
    package enum WireType: UInt8, Sendable {
        /// A variable-length integer.
        case varint = 0
        /// Eight bytes, little endian.
        case fixed64 = 1
        /// A length and that many bytes.
        case bytes = 2
        /// Four bytes, little endian.
        case fixed32 = 5
    }

    /// The field's number, 1...536870911.
    package let number: UInt32
    /// How its value is laid out.
    package let wireType: WireType
}

/// Reads protobuf fields from bytes that nobody has checked yet.
///
/// Every length is compared with what is left before anything is allocated, and depth and number of fields are bounded
/// (``ProtoLimits``).
package struct ProtoReader {
    private let bytes: [UInt8]
    private var position = 0
    /// Where the message that is being read ends.
    private var end: Int
    private var depthLeft: Int
    private var fieldsLeft: Int

    /// A reader at the start of `bytes`. Throws ``ProtoError/tooLarge(_:)`` beyond the limit.
    package init(_ bytes: [UInt8], limits: ProtoLimits = ProtoLimits()) throws(ProtoError) {
        guard bytes.count <= limits.bytes else { throw .tooLarge(bytes.count) }
        self.bytes = bytes
        self.end = bytes.count
        self.depthLeft = limits.depth
        self.fieldsLeft = limits.fields
    }

    /// Reads the fields up to the end of the current message into `message`.
    mutating func merge(into message: inout some ProtoMessage) throws(ProtoError) {
        while let field = try self.nextField() {
            try message.decode(field, from: &self)
        }
    }

    /// The next field's tag, or nil at the end of the current message.
    mutating func nextField() throws(ProtoError) -> ProtoField? {
        guard self.position < self.end else { return nil }
        guard self.fieldsLeft > 0 else { throw .tooManyFields }
        self.fieldsLeft -= 1
        let tag = try self.varint()
        let number = tag >> 3
        guard number >= 1, let number = UInt32(exactly: number), number < 1 << 29 else {
            throw .fieldNumberOutOfRange(number)
        }
        let type = UInt8(truncatingIfNeeded: tag & 7)
        guard let wireType = ProtoField.WireType(rawValue: type) else { throw .refusedWireType(type) }
        return ProtoField(number: number, wireType: wireType)
    }

    /// Passes over a field that we do not know.
    package mutating func skip(_ field: ProtoField) throws(ProtoError) {
        switch field.wireType {
        case .varint: _ = try self.varint()
        case .fixed64: try self.advance(8)
        case .fixed32: try self.advance(4)
        case .bytes: try self.advance(try self.length())
        }
    }

    mutating func varint() throws(ProtoError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while self.position < self.end {
            let byte = self.bytes[self.position]
            self.position += 1
            // The tenth byte holds bit 63 only.
            if shift == 63, byte > 1 { throw .varintTooLong }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw .truncated
    }

    mutating func fixed64() throws(ProtoError) -> UInt64 {
        let start = self.position
        try self.advance(8)
        return self.bytes[start..<start + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func fixed32() throws(ProtoError) -> UInt32 {
        let start = self.position
        try self.advance(4)
        return self.bytes[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// The bytes of a length-delimited value.
    mutating func slice() throws(ProtoError) -> ArraySlice<UInt8> {
        let length = try self.length()
        let start = self.position
        try self.advance(length)
        return self.bytes[start..<start + length]
    }

    /// Reads a length-delimited value with `read`, which sees only that value's bytes.
    mutating func nested(_ read: (inout ProtoReader) throws(ProtoError) -> Void) throws(ProtoError) {
        let length = try self.length()
        guard self.depthLeft > 0 else { throw .tooDeep }
        let outerEnd = self.end
        self.end = self.position + length
        self.depthLeft -= 1
        try read(&self)
        self.depthLeft += 1
        self.end = outerEnd
    }

    var isAtEnd: Bool { self.position >= self.end }

    private mutating func length() throws(ProtoError) -> Int {
        let claimed = try self.varint()
        guard let length = Int(exactly: claimed), length <= self.end - self.position else {
            throw .lengthOutOfRange(claimed)
        }
        return length
    }

    private mutating func advance(_ count: Int) throws(ProtoError) {
        guard count <= self.end - self.position else { throw .truncated }
        self.position += count
    }
}
