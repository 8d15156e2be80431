// Written by scripts/l7-messages.py from Protos/tulle/l7.proto.

extension TulleL7 {
    /// Keeps a client on its endpoint.
    package struct SessionPersistence: ProtoMessage {
        /// The cookie's or header's name.
        package var name: String = ""
        /// Header.
        package var header: Bool = false
        /// Absolute timeout ms.
        package var absoluteTimeoutMilliseconds: UInt32 = 0
        /// Idle timeout ms.
        package var idleTimeoutMilliseconds: UInt32 = 0
        /// The cookie outlives the browser.
        package var permanent: Bool = false
        /// The cookie's path; empty for `/`.
        package var path: String = ""

        package init() {}

        package mutating func decode(
            _ field: ProtoField,
            from reader: inout ProtoReader
        ) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.name, field)
            case 2: try reader.read(&self.header, field)
            case 3: try reader.read(&self.absoluteTimeoutMilliseconds, field)
            case 4: try reader.read(&self.idleTimeoutMilliseconds, field)
            case 5: try reader.read(&self.permanent, field)
            case 6: try reader.read(&self.path, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.name, 1)
            writer.write(self.header, 2)
            writer.write(self.absoluteTimeoutMilliseconds, 3)
            writer.write(self.idleTimeoutMilliseconds, 4)
            writer.write(self.permanent, 5)
            writer.write(self.path, 6)
        }
    }
}
