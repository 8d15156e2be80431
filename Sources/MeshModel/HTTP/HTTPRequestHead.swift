/// What an HTTP request begins with, in one form for HTTP/1.1 and HTTP/2: pseudo headers and `Host` are properties, and
/// `fields` holds the rest without anything that is for one connection only (RFC 9110 §7.6.1).
package struct HTTPRequestHead: Sendable, Hashable {
    /// The method, as sent: methods are case-sensitive (RFC 9110 §9.1).
    package var method: String
    /// `http` or `https`; what HTTP/1.1 does not say is `http`.
    package var scheme: String
    /// `:authority` or `Host`, as sent.
    package var authority: String
    /// The path with its query, or `*`; empty for a plain CONNECT.
    package var path: String
    /// The other fields, with lower-case names, in their order.
    package var fields: [HeaderField]
    /// The protocol that the connection shall become: `Upgrade` in HTTP/1.1, `:protocol` in HTTP/2 (RFC 8441).
    package var upgrade: String?

    /// Joins the parts; nothing is checked here.
    package init(
        method: String,
        scheme: String = "http",
        authority: String,
        path: String,
        fields: [HeaderField] = [],
        upgrade: String? = nil
    ) {
        self.method = method
        self.scheme = scheme
        self.authority = authority
        self.path = path
        self.fields = fields
        self.upgrade = upgrade
    }
}
