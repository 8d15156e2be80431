extension IstioZDS {
    /// `Ack`: a demand was met, or why not.
    package struct Ack: ProtoMessage {
        /// Empty for success.
        package var error = ""

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.error, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) { writer.write(self.error, 1) }
    }

    /// `WorkloadResponse`: the ztunnel's answer to one request.
    package struct WorkloadResponse: ProtoMessage {
        /// The answer; nil for one that we don't know.
        package var ack: Ack?

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.ack, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) { writer.write(self.ack, 1) }
    }
}
