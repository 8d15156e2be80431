import MeshModel
package import MeshProtos

/// What the endpoint of a request depends on where choices are consistent.
package struct HashPolicy: Sendable {
    /// The key of one request.
    package struct Key: Sendable, Hashable {
        /// Nil where the request has nothing to go by: any endpoint will do.
        package var hash: UInt64?
        /// The value of a `set-cookie` field for the response, with the cookie that was made for the client.
        package var cookie: String?
    }

    private let key: TulleL7.HashKey

    /// Nil where choices are not consistent: the key would be computed for nothing.
    package init?(_ balancer: TulleL7.LoadBalancer?) {
        guard let balancer, balancer.algorithm == .ringHash || balancer.algorithm == .maglev, var key = balancer.hash
        else { return nil }
        if key.kind == .header { key.name = key.name.lowercased() }
        self.key = key
    }

    /// The key of a request.
    package func key(of request: RequestView) -> Key {
        switch self.key.kind {
        case .header: Key(hash: self.headerHash(request.fields))
        case .cookie: self.cookieKey(request)
        case .query: Key(hash: self.queryHash(request.query))
        default: Key(hash: Self.hash(of: request.connection.source.ip))
        }
    }

    /// The key of a connection that carries anything but HTTP: only its source says something.
    package func key(of connection: ConnectionFacts) -> UInt64? {
        self.key.kind == .sourceIp ? Self.hash(of: connection.source.ip) : nil
    }

    private static func hash(of ip: IPAddress) -> UInt64 {
        let (high, low) = ip.canonical.v6Halves
        // Both halves as one text of 16 bytes, without making an array of them.
        return XXHash64.hash(high: high, low: low)
    }

    /// Several values count in one order, whichever they were sent in.
    private func headerHash(_ fields: [HeaderField]) -> UInt64? {
        var first: String?
        var others: [String] = []
        for field in fields where field.name == self.key.name {
            if first == nil { first = field.value } else { others.append(field.value) }
        }
        guard let first else { return nil }
        if others.isEmpty { return XXHash64.hash(first) }
        let values = (others + [first]).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return XXHash64.hash(values.joined(separator: ","))
    }

    private func queryHash(_ query: String?) -> UInt64? {
        for pair in (query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts.first, name.utf8.elementsEqual(self.key.name.utf8) else { continue }
            return XXHash64.hash(parts.count == 2 ? String(parts[1]) : "")
        }
        return nil
    }

    // MARK: Cookies

    private func cookieKey(_ request: RequestView) -> Key {
        if let value = request.cookie(named: self.key.name) { return Key(hash: XXHash64.hash(value)) }
        guard self.key.makesCookie else { return Key() }
        // Of the connection alone, so that requests beside each other get the same cookie.
        let connection = request.connection
        let hash = XXHash64.hash("\(connection.source) \(connection.destination)")
        let text = String(hash, radix: 16)
        let value = String(repeating: "0", count: 16 - text.utf8.count) + text
        return Key(hash: XXHash64.hash(value), cookie: self.setCookie(value))
    }

    private func setCookie(_ value: String) -> String {
        var cookie = "\(self.key.name)=\(value)"
        if self.key.cookieSeconds > 0 { cookie += "; Max-Age=\(self.key.cookieSeconds)" }
        if !self.key.cookiePath.isEmpty { cookie += "; Path=\(self.key.cookiePath)" }
        for attribute in self.key.cookieAttributes {
            cookie += "; \(attribute.name)"
            if !attribute.value.isEmpty { cookie += "=\(attribute.value)" }
        }
        let isWritten = self.key.cookieAttributes.contains { $0.name.lowercased() == "httponly" }
        return isWritten ? cookie : cookie + "; HttpOnly"
    }
}
