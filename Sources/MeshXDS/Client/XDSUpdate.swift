/// What one response tells the client to do.
package struct XDSUpdate: Hashable, Sendable {
    /// A new or changed resource.
    package struct Resource: Hashable, Sendable {
        /// Its name.
        package var name: String
        /// Its version.
        package var version: String
        /// Its message's bytes, not yet looked at.
        package var bytes: [UInt8]
    }

    /// The type of all of them.
    package var typeURL: String
    /// What the ACK or NACK names.
    package var nonce: String
    /// New and changed resources; each name is there once.
    package var resources: [Resource] = []
    /// Names of resources that are gone.
    package var removed: [String] = []
    /// Names that were asked for on demand and are hereby answered, whether they exist or not.
    package var answered: [String] = []
    /// Resources that have no name, no content or another type.
    package var malformed: [XDSRejection] = []
}

/// A resource that was not accepted.
package struct XDSRejection: Hashable, Sendable {
    /// Its name.
    package var name: String
    /// What is wrong with it.
    package var reason: String

    /// Joins the two.
    package init(name: String, reason: String) {
        self.name = name
        self.reason = reason
    }
}
