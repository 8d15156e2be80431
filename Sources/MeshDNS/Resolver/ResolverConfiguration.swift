package import MeshModel

/// What `/etc/resolv.conf` says, with the bounds of resolv.conf(5).
package struct ResolverConfiguration: Hashable, Sendable {
    /// The servers, in order. At most 3; without any 127.0.0.1.
    package var servers: [SocketAddress]
    /// Domains that are tried behind a short name. At most 6.
    package var search: [DNSName] = []
    /// A name with fewer dots is short. Default 1, at most 15.
    package var dots = 1
    /// How long one server is waited for. Default 5 s, 1 to 30 s.
    package var timeout = Duration.seconds(5)
    /// How often the list of servers is gone through. Default 2, 1 to 5.
    package var attempts = 2
    /// How long a look-up may take altogether. Default 10 s; not from the file.
    package var deadline = Duration.seconds(10)

    /// A configuration with `servers` and the defaults.
    package init(servers: [SocketAddress]) {
        self.servers = servers
    }

    /// Reads the file's text; what is not understood is left out, as every resolver does. Only 64 KiB are looked at.
    package init(parsing text: String) {
        self.servers = []
        for line in String(decoding: text.utf8.prefix(65536), as: UTF8.self).split(whereSeparator: \.isNewline) {
            guard let first = line.utf8.first, first != UInt8(ascii: "#"), first != UInt8(ascii: ";") else { continue }
            let words = line.split { $0 == " " || $0 == "\t" }
            guard let keyword = words.first else { continue }
            let values = words.dropFirst()
            switch keyword {
            case "nameserver":
                guard self.servers.count < 3, let ip = values.first.flatMap({ IPAddress(parsing: $0) }) else {
                    continue
                }
                self.servers.append(SocketAddress(ip: ip, port: 53))
            case "search", "domain":
                // The last such line counts.
                self.search = values.prefix(6).compactMap { DNSName(parsing: String($0)) }.filter { $0 != .root }
            case "options":
                for value in values { self.readOption(value) }
            default:
                continue
            }
        }
        if self.servers.isEmpty { self.servers = [SocketAddress(ip: IPAddress(v4: 0x7f00_0001), port: 53)] }
    }

    private mutating func readOption(_ text: Substring) {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let number = parts.last.flatMap({ UInt16($0) }).map({ Int($0) }) else { return }
        switch parts.first {
        case "ndots": self.dots = min(number, 15)
        case "timeout": self.timeout = .seconds(min(max(number, 1), 30))
        case "attempts": self.attempts = min(max(number, 1), 5)
        default: return
        }
    }

    /// The full names to try for `host`, in order; none when it is no name.
    ///
    /// A dot at the end makes the name full. A name with enough dots is tried as it is first, others last.
    package func candidates(for host: String) -> [DNSName] {
        guard let name = DNSName(parsing: host), name != .root else { return [] }
        if host.utf8.last == UInt8(ascii: ".") { return [name] }
        let longer = self.search.compactMap { name.appending($0) }
        return name.labels.count - 1 >= self.dots ? [name] + longer : longer + [name]
    }
}
