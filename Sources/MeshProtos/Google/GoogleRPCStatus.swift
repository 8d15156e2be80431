/// `google.rpc.Status`: an error as xDS carries it.
package struct GoogleRPCStatus: ProtoMessage {
    /// The gRPC status code.
    package var code: Int32 = 0
    /// What went wrong, for people.
    package var message = ""
    /// Further facts.
    package var details: [GoogleProtobuf.AnyMessage] = []

    package init() {}

    package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
        switch field.number {
        case 1: try reader.read(&self.code, field)
        case 2: try reader.read(&self.message, field)
        case 3: try reader.read(&self.details, field)
        default: try reader.skip(field)
        }
    }

    package func encode(into writer: inout ProtoWriter) {
        writer.write(self.code, 1)
        writer.write(self.message, 2)
        writer.write(self.details, 3)
    }
}
