// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// Conditions of an HTTP route; all must hold.
    package struct RouteMatch: ProtoMessage {
        /// Path.
        package var path: TulleL7.PathMatch?
        /// Headers.
        package var headers: [TulleL7.HeaderMatch] = []
        /// Query.
        package var query: [TulleL7.QueryMatch] = []
        /// Method.
        package var method: TulleL7.StringMatch?
        /// Scheme.
        package var scheme: TulleL7.StringMatch?
        /// Authority.
        package var authority: TulleL7.StringMatch?
        /// Namespaces of the source; one must be it. None written means any.
        package var sourceNamespaces: [String] = []

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.path, field)
            case 2: try reader.read(&self.headers, field)
            case 3: try reader.read(&self.query, field)
            case 4: try reader.read(&self.method, field)
            case 5: try reader.read(&self.scheme, field)
            case 6: try reader.read(&self.authority, field)
            case 7: try reader.read(&self.sourceNamespaces, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.path, 1)
            writer.write(self.headers, 2)
            writer.write(self.query, 3)
            writer.write(self.method, 4)
            writer.write(self.scheme, 5)
            writer.write(self.authority, 6)
            writer.write(self.sourceNamespaces, 7)
        }
    }
}
