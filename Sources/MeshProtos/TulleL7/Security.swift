// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// Who may ask for what.
    package struct Security: ProtoMessage {
        /// Policies.
        package var policies: [TulleL7.AuthorizationPolicy] = []
        /// Tokens.
        package var tokens: [TulleL7.TokenRule] = []
        /// Payloads.
        package var payloads: [TulleL7.PayloadPolicy] = []

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.policies, field)
            case 2: try reader.read(&self.tokens, field)
            case 3: try reader.read(&self.payloads, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.policies, 1)
            writer.write(self.tokens, 2)
            writer.write(self.payloads, 3)
        }
    }
}
