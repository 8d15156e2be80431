/// The names that an authority stands for when it must not slip through a rule: in lower case, with and without its port,
/// without the dot of the root, without user information.
enum HostNames {
    /// All of them; the first is the authority as it was sent, in lower case.
    static func all(of authority: String, scheme: String) -> [String] {
        let sent = authority.foldedASCII
        var names = [sent]
        guard !sent.isEmpty else { return names }
        var rest = sent.utf8[...]
        if let at = rest.lastIndex(of: UInt8(ascii: "@")) { rest = rest[rest.index(after: at)...] }
        var port = scheme == "https" ? ":443" : ":80"
        var hasPort = false
        if let colon = rest.lastIndex(of: UInt8(ascii: ":")),
            rest.last != UInt8(ascii: "]"),
            rest[..<colon].first == UInt8(ascii: "[") || !rest[..<colon].contains(UInt8(ascii: ":"))
        {
            port = String(decoding: rest[colon...], as: UTF8.self)
            rest = rest[..<colon]
            hasPort = true
        }
        let host = String(decoding: rest, as: UTF8.self)
        while rest.last == UInt8(ascii: ".") { rest = rest.dropLast() }
        let bare = String(decoding: rest, as: UTF8.self)
        let isRooted = bare.utf8.count != host.utf8.count
        names.append(bare)
        names.append(bare + port)
        if isRooted { names.append(host) }
        if isRooted || !hasPort { names.append(host + port) }
        return names
    }
}
