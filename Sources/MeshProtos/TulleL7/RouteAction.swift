// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// What becomes of a request. Exactly one of `forward`, `redirect`, `direct` and `failure` is there.
    package struct RouteAction: ProtoMessage {
        /// The rule's name, for logs: `<namespace>/<route>/<rule>`.
        package var name: String = ""
        /// Kind, namespace and name of what declared it: `HTTPRoute/<namespace>/<name>`.
        package var origin: String = ""
        /// What spans are called.
        package var operation: String = ""
        /// Forward.
        package var forward: TulleL7.Forward?
        /// Redirect.
        package var redirect: TulleL7.Redirect?
        /// Direct.
        package var direct: TulleL7.DirectResponse?
        /// The rule can't be carried out; it answers so.
        package var failure: TulleL7.Failure?
        /// Request headers.
        package var requestHeaders: TulleL7.HeaderChanges?
        /// Response headers.
        package var responseHeaders: TulleL7.HeaderChanges?
        /// Rewrite.
        package var rewrite: TulleL7.Rewrite?
        /// Mirrors.
        package var mirrors: [TulleL7.Mirror] = []
        /// Cross origin.
        package var crossOrigin: TulleL7.CrossOrigin?
        /// Fault.
        package var fault: TulleL7.Fault?
        /// The whole exchange, with retries.
        package var requestTimeoutMilliseconds: UInt32 = 0
        /// One attempt.
        package var attemptTimeoutMilliseconds: UInt32 = 0
        /// Missing: the mesh's default; there with `attempts` 0: none.
        package var retry: TulleL7.Retry?
        /// Session.
        package var session: TulleL7.SessionPersistence?
        /// Asks an authorizer first, by its name in the waypoint's settings.
        package var authorizer: String = ""

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.name, field)
            case 2: try reader.read(&self.origin, field)
            case 3: try reader.read(&self.operation, field)
            case 4: try reader.read(&self.forward, field)
            case 5: try reader.read(&self.redirect, field)
            case 6: try reader.read(&self.direct, field)
            case 7: try reader.read(&self.failure, field)
            case 8: try reader.read(&self.requestHeaders, field)
            case 9: try reader.read(&self.responseHeaders, field)
            case 10: try reader.read(&self.rewrite, field)
            case 11: try reader.read(&self.mirrors, field)
            case 12: try reader.read(&self.crossOrigin, field)
            case 13: try reader.read(&self.fault, field)
            case 14: try reader.read(&self.requestTimeoutMilliseconds, field)
            case 15: try reader.read(&self.attemptTimeoutMilliseconds, field)
            case 16: try reader.read(&self.retry, field)
            case 17: try reader.read(&self.session, field)
            case 18: try reader.read(&self.authorizer, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.name, 1)
            writer.write(self.origin, 2)
            writer.write(self.operation, 3)
            writer.write(self.forward, 4)
            writer.write(self.redirect, 5)
            writer.write(self.direct, 6)
            writer.write(self.failure, 7)
            writer.write(self.requestHeaders, 8)
            writer.write(self.responseHeaders, 9)
            writer.write(self.rewrite, 10)
            writer.write(self.mirrors, 11)
            writer.write(self.crossOrigin, 12)
            writer.write(self.fault, 13)
            writer.write(self.requestTimeoutMilliseconds, 14)
            writer.write(self.attemptTimeoutMilliseconds, 15)
            writer.write(self.retry, 16)
            writer.write(self.session, 17)
            writer.write(self.authorizer, 18)
        }
    }
}
