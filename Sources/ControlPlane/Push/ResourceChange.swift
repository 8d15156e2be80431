package import MeshXDS

/// What changed of one type of resource.
package struct ResourceChange: Sendable, Hashable {
    /// The type.
    package var typeURL: String
    /// New resources, and those whose content is another. One that is as it was costs nothing.
    package var changed: [ResourceCatalog.Resource]
    /// Names that are gone.
    package var removed: [String]

    /// Makes a change.
    package init(_ typeURL: String, changed: [ResourceCatalog.Resource] = [], removed: [String] = []) {
        self.typeURL = typeURL
        self.changed = changed
        self.removed = removed
    }
}
