/// A service's key: its host name and the namespace that defines it.
package struct NamespacedHostname: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The namespace.
    package var namespace: String
    /// The full host name.
    package var hostname: String

    /// Joins the two.
    package init(namespace: String, hostname: String) {
        self.namespace = namespace
        self.hostname = hostname
    }

    /// Reads `namespace/hostname`; nil unless both are there and the host name has no `/`.
    package init?(parsing text: String) {
        let bytes = text.utf8
        guard let slash = bytes.firstIndex(of: UInt8(ascii: "/")), slash > bytes.startIndex else { return nil }
        let hostname = bytes[bytes.index(after: slash)...]
        guard !hostname.isEmpty, !hostname.contains(UInt8(ascii: "/")) else { return nil }
        self.init(namespace: String(text[..<slash]), hostname: String(Substring(hostname)))
    }

    /// `namespace/hostname`, the name of the service's resource.
    package var description: String { "\(self.namespace)/\(self.hostname)" }

    package static func < (left: Self, right: Self) -> Bool {
        (left.namespace, left.hostname) < (right.namespace, right.hostname)
    }
}
