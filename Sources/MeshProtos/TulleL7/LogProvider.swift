// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// Where access logs go.
    package struct LogProvider: ProtoMessage {
        /// Name.
        package var name: String = ""
        /// A file's path or `/dev/stdout`; empty for OTLP.
        package var file: String = ""
        /// Json.
        package var json: Bool = false
        /// A format of operators; empty for the default.
        package var format: String = ""
        /// Labels.
        package var labels: [String: String] = [:]
        /// `http://host:port` or `grpc://host:port`.
        package var endpoint: String = ""

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.name, field)
            case 2: try reader.read(&self.file, field)
            case 3: try reader.read(&self.json, field)
            case 4: try reader.read(&self.format, field)
            case 5: try reader.read(&self.labels, field)
            case 6: try reader.read(&self.endpoint, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.name, 1)
            writer.write(self.file, 2)
            writer.write(self.json, 3)
            writer.write(self.format, 4)
            writer.write(self.labels, 5)
            writer.write(self.endpoint, 6)
        }
    }
}
