/// A protobuf message (proto3) that can be read from bytes and written to deterministic bytes.
///
/// The rules: fields are written in the order of their numbers, map entries in the order of their keys' bytes, and a
/// field without presence is left out when it has its default value. A field we do not know, or one with another wire
/// type than we expect, is skipped and not kept. Groups are refused.
package protocol ProtoMessage: Hashable, Sendable {
    /// The message with every field at its default.
    init()
    /// Reads one field's value from `reader`, or skips it.
    mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError)
    /// Appends the message's fields.
    func encode(into writer: inout ProtoWriter)
}

extension ProtoMessage {
    /// Reads a whole message from `bytes`.
    package init(decoding bytes: [UInt8], limits: ProtoLimits = ProtoLimits()) throws(ProtoError) {
        self.init()
        var reader = try ProtoReader(bytes, limits: limits)
        try reader.merge(into: &self)
    }

    /// The message's bytes; equal messages have equal bytes.
    package var serialized: [UInt8] {
        var writer = ProtoWriter()
        self.encode(into: &writer)
        return writer.bytes
    }

    /// A message filled in by `fill`.
    package static func with(_ fill: (inout Self) -> Void) -> Self {
        var message = Self()
        fill(&message)
        return message
    }
}
