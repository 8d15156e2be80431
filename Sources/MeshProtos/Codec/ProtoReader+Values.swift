// One `read` for each type of field. Each replaces, appends to or merges into its target as proto3 rules it: the last
// scalar wins, repeated fields append (packed or not), nested messages merge. A wire type that does not fit the target
// makes the field an unknown one.
extension ProtoReader {
    /// Reads a string.
    package mutating func read(_ target: inout String, _ field: ProtoField) throws(ProtoError) {
        guard field.wireType == .bytes else { return try self.skip(field) }
        target = try self.string(field)
    }

    /// Appends a string.
    package mutating func read(_ target: inout [String], _ field: ProtoField) throws(ProtoError) {
        guard field.wireType == .bytes else { return try self.skip(field) }
        target.append(try self.string(field))
    }

    /// Reads bytes.
    package mutating func read(_ target: inout [UInt8], _ field: ProtoField) throws(ProtoError) {
        guard field.wireType == .bytes else { return try self.skip(field) }
        target = Array(try self.slice())
    }

    /// Appends bytes.
    package mutating func read(_ target: inout [[UInt8]], _ field: ProtoField) throws(ProtoError) {
        guard field.wireType == .bytes else { return try self.skip(field) }
        target.append(Array(try self.slice()))
    }

    /// Reads a `uint32`; as everywhere in protobuf, higher bits are dropped.
    package mutating func read(_ target: inout UInt32, _ field: ProtoField) throws(ProtoError) {
        guard field.wireType == .varint else { return try self.skip(field) }
        target = UInt32(truncatingIfNeeded: try self.varint())
    }

    /// Reads a `uint32` whose presence matters.
    package mutating func read(_ target: inout UInt32?, _ field: ProtoField) throws(ProtoError) {
        guard field.wireType == .varint else { return try self.skip(field) }
        target = UInt32(truncatingIfNeeded: try self.varint())
    }

    /// Appends one `uint32`, or a packed run of them.
    package mutating func read(_ target: inout [UInt32], _ field: ProtoField) throws(ProtoError) {
        switch field.wireType {
        case .varint:
            target.append(UInt32(truncatingIfNeeded: try self.varint()))
        case .bytes:
            try self.nested { reader throws(ProtoError) in
                while !reader.isAtEnd { target.append(UInt32(truncatingIfNeeded: try reader.varint())) }
            }
        case .fixed32, .fixed64:
            try self.skip(field)
        }
    }

    /// Reads an `int32`.
    package mutating func read(_ target: inout Int32, _ field: ProtoField) throws(ProtoError) {
        guard field.wireType == .varint else { return try self.skip(field) }
        target = Int32(truncatingIfNeeded: try self.varint())
    }

    /// Reads an `int64`.
    package mutating func read(_ target: inout Int64, _ field: ProtoField) throws(ProtoError) {
        guard field.wireType == .varint else { return try self.skip(field) }
        target = Int64(bitPattern: try self.varint())
    }

    /// Reads a `bool`.
    package mutating func read(_ target: inout Bool, _ field: ProtoField) throws(ProtoError) {
        guard field.wireType == .varint else { return try self.skip(field) }
        target = try self.varint() != 0
    }

    /// Reads a `double`.
    package mutating func read(_ target: inout Double, _ field: ProtoField) throws(ProtoError) {
        guard field.wireType == .fixed64 else { return try self.skip(field) }
        target = Double(bitPattern: try self.fixed64())
    }

    /// Reads a `fixed64`.
    package mutating func readFixed(_ target: inout UInt64, _ field: ProtoField) throws(ProtoError) {
        guard field.wireType == .fixed64 else { return try self.skip(field) }
        target = try self.fixed64()
    }

    /// Appends one `fixed64`, or a packed run of them.
    package mutating func readFixed(_ target: inout [UInt64], _ field: ProtoField) throws(ProtoError) {
        switch field.wireType {
        case .fixed64:
            target.append(try self.fixed64())
        case .bytes:
            try self.nested { reader throws(ProtoError) in
                while !reader.isAtEnd { target.append(try reader.fixed64()) }
            }
        case .varint, .fixed32:
            try self.skip(field)
        }
    }

    /// Appends one `double`, or a packed run of them.
    package mutating func read(_ target: inout [Double], _ field: ProtoField) throws(ProtoError) {
        var bits: [UInt64] = []
        try self.readFixed(&bits, field)
        target += bits.map { Double(bitPattern: $0) }
    }

    /// Reads a `fixed32`.
    package mutating func readFixed(_ target: inout UInt32, _ field: ProtoField) throws(ProtoError) {
        guard field.wireType == .fixed32 else { return try self.skip(field) }
        target = try self.fixed32()
    }

    /// Reads an enumeration.
    package mutating func read<E: ProtoEnum>(_ target: inout E, _ field: ProtoField) throws(ProtoError) {
        guard field.wireType == .varint else { return try self.skip(field) }
        target = E(rawValue: Int32(truncatingIfNeeded: try self.varint()))
    }

    /// Appends one enumeration value, or a packed run of them.
    package mutating func read<E: ProtoEnum>(_ target: inout [E], _ field: ProtoField) throws(ProtoError) {
        switch field.wireType {
        case .varint:
            target.append(E(rawValue: Int32(truncatingIfNeeded: try self.varint())))
        case .bytes:
            try self.nested { reader throws(ProtoError) in
                while !reader.isAtEnd {
                    target.append(E(rawValue: Int32(truncatingIfNeeded: try reader.varint())))
                }
            }
        case .fixed32, .fixed64:
            try self.skip(field)
        }
    }

    /// Merges a nested message.
    package mutating func read<M: ProtoMessage>(_ target: inout M, _ field: ProtoField) throws(ProtoError) {
        guard field.wireType == .bytes else { return try self.skip(field) }
        try self.nested { reader throws(ProtoError) in try reader.merge(into: &target) }
    }

    /// Merges a nested message whose presence matters.
    package mutating func read<M: ProtoMessage>(_ target: inout M?, _ field: ProtoField) throws(ProtoError) {
        guard field.wireType == .bytes else { return try self.skip(field) }
        var message = target ?? M()
        try self.read(&message, field)
        target = message
    }

    /// Appends a nested message.
    package mutating func read<M: ProtoMessage>(_ target: inout [M], _ field: ProtoField) throws(ProtoError) {
        guard field.wireType == .bytes else { return try self.skip(field) }
        var message = M()
        try self.read(&message, field)
        target.append(message)
    }

    /// Adds one entry of a map to strings; the last value of a key wins.
    package mutating func read(_ target: inout [String: String], _ field: ProtoField) throws(ProtoError) {
        guard field.wireType == .bytes else { return try self.skip(field) }
        var key = ""
        var value = ""
        try self.nested { reader throws(ProtoError) in
            while let field = try reader.nextField() {
                switch field.number {
                case 1: try reader.read(&key, field)
                case 2: try reader.read(&value, field)
                default: try reader.skip(field)
                }
            }
        }
        target[key] = value
    }

    /// Adds one entry of a map to messages; the last value of a key wins.
    package mutating func read<M: ProtoMessage>(
        _ target: inout [String: M],
        _ field: ProtoField
    ) throws(ProtoError) {
        guard field.wireType == .bytes else { return try self.skip(field) }
        var key = ""
        var value = M()
        try self.nested { reader throws(ProtoError) in
            while let field = try reader.nextField() {
                switch field.number {
                case 1: try reader.read(&key, field)
                case 2: try reader.read(&value, field)
                default: try reader.skip(field)
                }
            }
        }
        target[key] = value
    }

    private mutating func string(_ field: ProtoField) throws(ProtoError) -> String {
        let text = try self.slice().withUnsafeBufferPointer { bytes in
            // Nearly every text is ASCII, and needs no further look.
            let isASCII = bytes.reduce(0, |) < 0x80
            return isASCII ? String(decoding: bytes, as: UTF8.self) : String(validating: bytes, as: UTF8.self)
        }
        guard let text else { throw .invalidUTF8(field: field.number) }
        return text
    }
}
