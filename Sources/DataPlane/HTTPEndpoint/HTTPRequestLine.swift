/// The first line of an HTTP/1.x request.
package struct HTTPRequestLine: Hashable {
    /// The method, case-sensitive.
    package var method: String
    /// The target in whatever form it came: `/path`, `host:port` or `http://…`; visible ASCII only.
    package var target: String
    /// 0 or 1 of `HTTP/1.0` and `HTTP/1.1`.
    package var minorVersion: Int

    /// Parses the line; nil when it isn't exactly `METHOD SP target SP HTTP/1.x`.
    package init?(parsing line: String) {
        let parts = line.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].isEmpty, parts[0].utf8.count <= 32,
            parts[0].utf8.allSatisfy(HTTPHead.isTokenByte), !parts[1].isEmpty,
            parts[1].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else { return nil }
        switch parts[2] {
        case "HTTP/1.1": self.minorVersion = 1
        case "HTTP/1.0": self.minorVersion = 0
        default: return nil
        }
        self.method = String(parts[0])
        self.target = String(parts[1])
    }
}
