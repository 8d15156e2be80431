// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// A jwtRule of a RequestAuthentication.
    package struct TokenRule: ProtoMessage {
        /// `<namespace>/<name>` of the RequestAuthentication.
        package var origin: String = ""
        /// Issuer.
        package var issuer: String = ""
        /// Audiences.
        package var audiences: [String] = []
        /// JWKS as JSON; empty where it could not be fetched: every token of the issuer is refused.
        package var keys: String = ""
        /// Headers.
        package var headers: [TulleL7.TokenRule.Location] = []
        /// Parameters.
        package var parameters: [String] = []
        /// Cookies.
        package var cookies: [String] = []
        /// Payload header.
        package var payloadHeader: String = ""
        /// Claim headers.
        package var claimHeaders: [TulleL7.TokenRule.ClaimHeader] = []
        /// Forwards token.
        package var forwardsToken: Bool = false
        /// Space delimited claims.
        package var spaceDelimitedClaims: [String] = []

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.origin, field)
            case 2: try reader.read(&self.issuer, field)
            case 3: try reader.read(&self.audiences, field)
            case 4: try reader.read(&self.keys, field)
            case 5: try reader.read(&self.headers, field)
            case 6: try reader.read(&self.parameters, field)
            case 7: try reader.read(&self.cookies, field)
            case 8: try reader.read(&self.payloadHeader, field)
            case 9: try reader.read(&self.claimHeaders, field)
            case 10: try reader.read(&self.forwardsToken, field)
            case 11: try reader.read(&self.spaceDelimitedClaims, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.origin, 1)
            writer.write(self.issuer, 2)
            writer.write(self.audiences, 3)
            writer.write(self.keys, 4)
            writer.write(self.headers, 5)
            writer.write(self.parameters, 6)
            writer.write(self.cookies, 7)
            writer.write(self.payloadHeader, 8)
            writer.write(self.claimHeaders, 9)
            writer.write(self.forwardsToken, 10)
            writer.write(self.spaceDelimitedClaims, 11)
        }
    }
}

extension TulleL7.TokenRule {
    /// A header and what precedes the token in it.
    package struct Location: ProtoMessage {
        /// Name.
        package var name: String = ""
        /// Prefix.
        package var prefix: String = ""

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.name, field)
            case 2: try reader.read(&self.prefix, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.name, 1)
            writer.write(self.prefix, 2)
        }
    }
}

extension TulleL7.TokenRule {
    /// A header that gets a claim.
    package struct ClaimHeader: ProtoMessage {
        /// Header.
        package var header: String = ""
        /// Claim.
        package var claim: String = ""

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.header, field)
            case 2: try reader.read(&self.claim, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.header, 1)
            writer.write(self.claim, 2)
        }
    }
}
