package import MeshModel
package import MeshProtos

/// Changes of a message's fields: `TulleL7.HeaderChanges` read once. They are made in this order: set, add, remove.
package struct HeaderEdit: Sendable, Hashable {
    /// Replaces all fields of the name.
    package private(set) var set: [HeaderField] = []
    /// Stand behind those that are there.
    package private(set) var add: [HeaderField] = []
    package private(set) var remove: [String] = []
    /// What `Host` or `:authority` shall be; nil for no change.
    package private(set) var authority: String?

    package static let none = HeaderEdit()

    private init() {}

    package init(_ changes: TulleL7.HeaderChanges?) throws(RouteFault) {
        guard let changes else { return }
        for header in changes.set {
            guard let field = try self.field(header) else { continue }
            self.set.append(field)
        }
        for header in changes.add {
            guard let field = try self.field(header) else { continue }
            self.add.append(field)
        }
        for name in changes.remove {
            // A request without an authority could not be sent, so it stays, as in Istio.
            if Self.isAuthority(name) { continue }
            self.remove.append(try Self.checked(name))
        }
    }

    /// A field; nil for the authority, which is no field.
    private mutating func field(_ header: TulleL7.Header) throws(RouteFault) -> HeaderField? {
        guard HeaderName.isValidValue(header.value) else { throw .fieldValue(header.name) }
        if Self.isAuthority(header.name) {
            guard PathEdit.canStand(header.value), !header.value.isEmpty else { throw .fieldValue(header.name) }
            self.authority = header.value
            return nil
        }
        let name = try Self.checked(header.name)
        return HeaderField(name, header.value, sensitive: Self.isSecret(name))
    }

    private static func checked(_ text: String) throws(RouteFault) -> String {
        let name = HeaderName.lowercased(text)
        guard HeaderName.isValid(name), !HeaderName.isFraming(name) else { throw .fieldName(text) }
        return name
    }

    private static func isAuthority(_ name: String) -> Bool {
        let name = HeaderName.lowercased(name)
        return name == "host" || name == ":authority"
    }

    private static func isSecret(_ name: String) -> Bool {
        switch name {
        case "authorization", "proxy-authorization", "cookie", "set-cookie": true
        default: false
        }
    }

    /// Makes the changes, but for the authority's.
    package func apply(to fields: inout [HeaderField]) {
        for field in self.set { fields.set(field.name, field.value, sensitive: field.sensitive) }
        fields += self.add
        for name in self.remove { fields.remove(named: name) }
    }
}
