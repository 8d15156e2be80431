import MeshProtos

/// One response of a delta stream. Its resources are bytes that other streams may share.
package struct DeltaPush: Hashable, Sendable {
    /// The type of its resources.
    package let typeURL: String
    /// What the client names in its answer.
    package internal(set) var nonce = ""
    /// The revision of the type that it brings the client to, for people.
    package let version: String
    private let section: ResourceSection

    init(typeURL: String, version: UInt64, section: ResourceSection) {
        self.typeURL = typeURL
        self.version = String(version)
        self.section = section
    }

    /// How many resources it brings.
    package var resources: Int { self.section.count }
    /// The first names of what it brings or removes.
    package var names: [String] { self.section.names }
    /// The size of the resources and removals, in bytes.
    package var sectionBytes: Int { self.section.resources.count + self.section.removed.count }

    /// The message's bytes, in parts that follow each other: fields in the order of their numbers.
    package var parts: [[UInt8]] {
        var head = ProtoWriter()
        head.write(self.version, 1)
        var middle = ProtoWriter()
        middle.write(self.typeURL, 4)
        middle.write(self.nonce, 5)
        return [head.bytes, self.section.resources, middle.bytes, self.section.removed]
    }
}
