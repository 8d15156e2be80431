extension EnvoyDiscovery {
    /// What an xDS server says: what is new or changed, and what is gone.
    package struct DeltaDiscoveryResponse: ProtoMessage {
        /// The server's own version mark, for people.
        package var systemVersionInfo = ""
        /// New and changed resources.
        package var resources: [Resource] = []
        /// Their type.
        package var typeURL = ""
        /// What the client names in its ACK or NACK.
        package var nonce = ""
        /// Names of resources that are gone.
        package var removedResources: [String] = []

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.systemVersionInfo, field)
            case 2: try reader.read(&self.resources, field)
            case 4: try reader.read(&self.typeURL, field)
            case 5: try reader.read(&self.nonce, field)
            case 6: try reader.read(&self.removedResources, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.systemVersionInfo, 1)
            writer.write(self.resources, 2)
            writer.write(self.typeURL, 4)
            writer.write(self.nonce, 5)
            writer.write(self.removedResources, 6)
        }
    }
}

extension EnvoyDiscovery {
    /// One resource and its version.
    package struct Resource: ProtoMessage {
        /// Changes when the resource does.
        package var version = ""
        /// The resource.
        package var resource: GoogleProtobuf.AnyMessage?
        /// Its name.
        package var name = ""
        /// Other names it answers to.
        package var aliases: [String] = []
        /// How long it holds without a new response.
        package var timeToLive: GoogleProtobuf.Duration?

        package init() {}

        package mutating func decode(_ field: ProtoField, from reader: inout ProtoReader) throws(ProtoError) {
            switch field.number {
            case 1: try reader.read(&self.version, field)
            case 2: try reader.read(&self.resource, field)
            case 3: try reader.read(&self.name, field)
            case 4: try reader.read(&self.aliases, field)
            case 6: try reader.read(&self.timeToLive, field)
            default: try reader.skip(field)
            }
        }

        package func encode(into writer: inout ProtoWriter) {
            writer.write(self.version, 1)
            writer.write(self.resource, 2)
            writer.write(self.name, 3)
            writer.write(self.aliases, 4)
            writer.write(self.timeToLive, 6)
        }
    }
}
