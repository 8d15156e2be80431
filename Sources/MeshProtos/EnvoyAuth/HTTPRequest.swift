extension EnvoyAuth {
    /// A request.
    package struct Request: ProtoMessage {
        /// When its first byte came.
        package var time: GoogleProtobuf.Timestamp?
        /// What HTTP says.
        package var http: HTTPRequest?

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.time, field)
            case 2: try reader.read(&self.http, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.time, 1)
            writer.write(self.http, 2)
        }
    }

    /// A request of HTTP.
    package struct HTTPRequest: ProtoMessage {
        /// Its `x-request-id`.
        package var id: String = ""
        /// The method.
        package var method: String = ""
        /// The fields, several of one name joined.
        package var headers: [String: String] = [:]
        /// The path with its query.
        package var path: String = ""
        /// The authority.
        package var host: String = ""
        /// `http` or `https`.
        package var scheme: String = ""
        /// The query.
        package var query: String = ""
        /// The fragment.
        package var fragment: String = ""
        /// Bytes of the body; -1 where it is not known.
        package var size: Int64 = 0
        /// `HTTP/1.1` or `HTTP/2`.
        package var `protocol`: String = ""
        /// The body, or its beginning.
        package var body: String = ""
        /// The same where bytes are wanted.
        package var rawBody: [UInt8] = []

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.id, field)
            case 2: try reader.read(&self.method, field)
            case 3: try reader.read(&self.headers, field)
            case 4: try reader.read(&self.path, field)
            case 5: try reader.read(&self.host, field)
            case 6: try reader.read(&self.scheme, field)
            case 7: try reader.read(&self.query, field)
            case 8: try reader.read(&self.fragment, field)
            case 9: try reader.read(&self.size, field)
            case 10: try reader.read(&self.protocol, field)
            case 11: try reader.read(&self.body, field)
            case 12: try reader.read(&self.rawBody, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.id, 1)
            writer.write(self.method, 2)
            writer.write(self.headers, 3)
            writer.write(self.path, 4)
            writer.write(self.host, 5)
            writer.write(self.scheme, 6)
            writer.write(self.query, 7)
            writer.write(self.fragment, 8)
            writer.write(self.size, 9)
            writer.write(self.protocol, 10)
            writer.write(self.body, 11)
            writer.write(self.rawBody, 12)
        }
    }
}
