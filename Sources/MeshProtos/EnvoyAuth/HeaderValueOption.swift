extension EnvoyAuth {
    /// A field, and what happens where it is there already.
    package struct HeaderValueOption: ProtoMessage {
        /// The field.
        package var header: HeaderValue?
        /// Older than the action.
        package var append: GoogleProtobuf.BoolValue?
        /// What happens.
        package var appendAction: AppendAction = .appendIfExistsOrAdd
        /// An empty value is one.
        package var keepEmptyValue: Bool = false

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.header, field)
            case 2: try reader.read(&self.append, field)
            case 3: try reader.read(&self.appendAction, field)
            case 4: try reader.read(&self.keepEmptyValue, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.header, 1)
            writer.write(self.append, 2)
            writer.write(self.appendAction, 3)
            writer.write(self.keepEmptyValue, 4)
        }
    }

    /// What happens to a field that is there already.
    package struct AppendAction: ProtoEnum {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        /// It stays, and this one follows.
        package static let appendIfExistsOrAdd = Self(rawValue: 0)
        /// It stays alone.
        package static let addIfAbsent = Self(rawValue: 1)
        /// It goes.
        package static let overwriteIfExistsOrAdd = Self(rawValue: 2)
        /// It goes, and where there is none nothing is added.
        package static let overwriteIfExists = Self(rawValue: 3)
    }

    /// A field.
    package struct HeaderValue: ProtoMessage {
        /// Its name.
        package var key: String = ""
        /// Its value.
        package var value: String = ""
        /// Its value where it is not UTF-8.
        package var rawValue: [UInt8] = []

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.key, field)
            case 2: try reader.read(&self.value, field)
            case 3: try reader.read(&self.rawValue, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.key, 1)
            writer.write(self.value, 2)
            writer.write(self.rawValue, 3)
        }
    }

    /// A parameter of a query.
    package struct QueryParameter: ProtoMessage {
        /// Its name.
        package var key: String = ""
        /// Its value.
        package var value: String = ""

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.key, field)
            case 2: try reader.read(&self.value, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.key, 1)
            writer.write(self.value, 2)
        }
    }

    /// Where something is.
    package struct Address: ProtoMessage {
        /// An address and a port.
        package var socketAddress: SocketAddress?

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.socketAddress, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.socketAddress, 1)
        }
    }

    /// An address and a port.
    package struct SocketAddress: ProtoMessage {
        /// The address.
        package var address: String = ""
        /// The port.
        package var portValue: UInt32 = 0

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 2: try reader.read(&self.address, field)
            case 3: try reader.read(&self.portValue, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.address, 2)
            writer.write(self.portValue, 3)
        }
    }
}
