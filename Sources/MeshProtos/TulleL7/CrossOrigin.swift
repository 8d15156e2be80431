// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// Answers to requests of other origins.
    package struct CrossOrigin: ProtoMessage {
        /// Origins.
        package var origins: [TulleL7.StringMatch] = []
        /// Gateway API: origins with `*` for labels.
        package var originPatterns: [String] = []
        /// Methods.
        package var methods: [String] = []
        /// Headers.
        package var headers: [String] = []
        /// Expose headers.
        package var exposeHeaders: [String] = []
        /// In seconds; missing sends none.
        package var maxAge: TulleL7.CrossOrigin.MaxAge?
        /// Credentials.
        package var credentials: Bool = false
        /// Preflights of other origins are sent to the destination.
        package var forwardsUnmatched: Bool = false
        /// `*` in lists is echoed as the Gateway API rules it.
        package var echoes: Bool = false

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.origins, field)
            case 2: try reader.read(&self.originPatterns, field)
            case 3: try reader.read(&self.methods, field)
            case 4: try reader.read(&self.headers, field)
            case 5: try reader.read(&self.exposeHeaders, field)
            case 6: try reader.read(&self.maxAge, field)
            case 7: try reader.read(&self.credentials, field)
            case 8: try reader.read(&self.forwardsUnmatched, field)
            case 9: try reader.read(&self.echoes, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.origins, 1)
            writer.write(self.originPatterns, 2)
            writer.write(self.methods, 3)
            writer.write(self.headers, 4)
            writer.write(self.exposeHeaders, 5)
            writer.write(self.maxAge, 6)
            writer.write(self.credentials, 7)
            writer.write(self.forwardsUnmatched, 8)
            writer.write(self.echoes, 9)
        }
    }
}

extension TulleL7.CrossOrigin {
    /// A time that may be zero.
    package struct MaxAge: ProtoMessage {
        /// Seconds.
        package var seconds: UInt32 = 0

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.seconds, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.seconds, 1)
        }
    }
}
