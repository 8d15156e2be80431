/// One header field of an HTTP message (RFC 9110 §5), as it is after parsing and decompression.
package struct HeaderField: Sendable, Hashable {
    /// Lower-case name; in HTTP/2 names that begin with a colon are pseudo headers (RFC 9113 §8.3).
    package var name: String
    /// Value without line breaks, NUL, or blanks at its ends.
    package var value: String
    /// True keeps the field out of every compression table on the way (RFC 7541 §7.1.3): tokens, credentials.
    package var sensitive: Bool

    /// Makes a field; nothing is checked here.
    package init(_ name: String, _ value: String, sensitive: Bool = false) {
        self.name = name
        self.value = value
        self.sensitive = sensitive
    }
}

extension HeaderField: CustomStringConvertible {
    package var description: String { "\(self.name): \(self.sensitive ? "<masked>" : self.value)" }
}

extension [HeaderField] {
    /// The value of the first field of that lower-case name.
    package func first(named name: String) -> String? {
        // Not generic, and by index: each request looks up a dozen names, and nothing is copied on the way.
        let count = name.utf8.count
        for index in self.indices where self[index].name.utf8.count == count && self[index].name == name {
            return self[index].value
        }
        return nil
    }

    /// The values of all fields of that lower-case name joined by commas, as RFC 9110 §5.3 reads them; nil without any.
    package func joined(named name: String) -> String? {
        var joined: String?
        for header in self where header.name == name {
            if joined == nil { joined = header.value } else { joined?.append("," + header.value) }
        }
        return joined
    }

    /// Replaces all fields of that lower-case name by one.
    package mutating func set(_ name: String, _ value: String, sensitive: Bool = false) {
        let field = HeaderField(name, value, sensitive: sensitive)
        guard let index = self.firstIndex(where: { $0.name == name }) else { return self.append(field) }
        self[index] = field
        var next = index + 1
        while next < self.count {
            if self[next].name == name { self.remove(at: next) } else { next += 1 }
        }
    }

    /// Takes out all fields of that lower-case name.
    package mutating func remove(named name: String) {
        if self.contains(where: { $0.name == name }) { self.removeAll { $0.name == name } }
    }
}
