import MeshModel

/// Finds the address of the client that the trusted proxies in front of it report in `x-forwarded-for`.
enum ClientAddress: Hashable, Sendable {
    /// The address, canonical.
    case known(IPAddress)
    /// The place where a trusted proxy should have written it holds something else.
    case unreadable

    /// The address by which `remote.ip` is judged.
    ///
    /// Without trusted proxies it is the peer's. With some, each appends the address that it was called from, so the
    /// last entry is by the nearest and what a client makes up stands further left. With fewer entries than proxies the
    /// request did not come through all of them, and the peer's own address counts.
    static func find(in fields: [HeaderField], trustedProxies: Int, peer: IPAddress) -> ClientAddress {
        guard trustedProxies > 0 else { return .known(peer) }
        var left = trustedProxies
        for field in fields.reversed() where field.name == "x-forwarded-for" {
            var rest = field.value.utf8[...]
            while true {
                let comma = rest.lastIndex(of: UInt8(ascii: ","))
                left -= 1
                if left == 0 {
                    let entry = comma.map { rest[rest.index(after: $0)...] } ?? rest
                    return Self.read(entry).map { .known($0.canonical) } ?? .unreadable
                }
                guard let comma else { break }
                rest = rest[..<comma]
            }
        }
        return .known(peer)
    }

    /// An address, with or without a port: proxies of some clouds write one.
    private static func read(_ entry: Substring.UTF8View) -> IPAddress? {
        let isBlank: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        var text = entry.drop(while: isBlank)
        while let last = text.last, isBlank(last) { text = text.dropLast() }
        guard text.count <= 64 else { return nil }
        let whole = String(decoding: text, as: UTF8.self)
        if let ip = IPAddress(parsing: whole) { return ip }
        if whole.utf8.first == UInt8(ascii: "["), whole.utf8.last == UInt8(ascii: "]") {
            return IPAddress(parsing: whole.dropFirst().dropLast()).flatMap { $0.isV4 ? nil : $0 }
        }
        return SocketAddress(parsing: whole)?.ip
    }
}
