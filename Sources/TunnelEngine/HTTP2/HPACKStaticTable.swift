import MeshModel

/// The static table of RFC 7541 appendix A.
enum HPACKStaticTable {
    /// Its entries; index 1 on the wire is position 0 here. Fields of one name stand together.
    static let entries: [HTTP2Header] = [
        HTTP2Header(":authority", ""),
        HTTP2Header(":method", "GET"),
        HTTP2Header(":method", "POST"),
        HTTP2Header(":path", "/"),
        HTTP2Header(":path", "/index.html"),
        HTTP2Header(":scheme", "http"),
        HTTP2Header(":scheme", "https"),
        HTTP2Header(":status", "200"),
        HTTP2Header(":status", "204"),
        HTTP2Header(":status", "206"),
        HTTP2Header(":status", "304"),
        HTTP2Header(":status", "400"),
        HTTP2Header(":status", "404"),
        HTTP2Header(":status", "500"),
        HTTP2Header("accept-charset", ""),
        HTTP2Header("accept-encoding", "gzip, deflate"),
        HTTP2Header("accept-language", ""),
        HTTP2Header("accept-ranges", ""),
        HTTP2Header("accept", ""),
        HTTP2Header("access-control-allow-origin", ""),
        HTTP2Header("age", ""),
        HTTP2Header("allow", ""),
        HTTP2Header("authorization", ""),
        HTTP2Header("cache-control", ""),
        HTTP2Header("content-disposition", ""),
        HTTP2Header("content-encoding", ""),
        HTTP2Header("content-language", ""),
        HTTP2Header("content-length", ""),
        HTTP2Header("content-location", ""),
        HTTP2Header("content-range", ""),
        HTTP2Header("content-type", ""),
        HTTP2Header("cookie", ""),
        HTTP2Header("date", ""),
        HTTP2Header("etag", ""),
        HTTP2Header("expect", ""),
        HTTP2Header("expires", ""),
        HTTP2Header("from", ""),
        HTTP2Header("host", ""),
        HTTP2Header("if-match", ""),
        HTTP2Header("if-modified-since", ""),
        HTTP2Header("if-none-match", ""),
        HTTP2Header("if-range", ""),
        HTTP2Header("if-unmodified-since", ""),
        HTTP2Header("last-modified", ""),
        HTTP2Header("link", ""),
        HTTP2Header("location", ""),
        HTTP2Header("max-forwards", ""),
        HTTP2Header("proxy-authenticate", ""),
        HTTP2Header("proxy-authorization", ""),
        HTTP2Header("range", ""),
        HTTP2Header("referer", ""),
        HTTP2Header("refresh", ""),
        HTTP2Header("retry-after", ""),
        HTTP2Header("server", ""),
        HTTP2Header("set-cookie", ""),
        HTTP2Header("strict-transport-security", ""),
        HTTP2Header("transfer-encoding", ""),
        HTTP2Header("user-agent", ""),
        HTTP2Header("vary", ""),
        HTTP2Header("via", ""),
        HTTP2Header("www-authenticate", ""),
    ]

    /// The first index (from 1) of a name.
    private static let firstIndexByName: [String: Int] = {
        var indexes: [String: Int] = [:]
        for (position, entry) in entries.enumerated() where indexes[entry.name] == nil {
            indexes[entry.name] = position + 1
        }
        return indexes
    }()

    /// The index of the whole field, or else of a field with its name.
    static func find(_ header: HTTP2Header) -> (index: Int, isExact: Bool)? {
        guard let first = self.firstIndexByName[header.name] else { return nil }
        var index = first
        while index <= self.entries.count, self.entries[index - 1].name == header.name {
            if self.entries[index - 1].value == header.value { return (index, true) }
            index += 1
        }
        return (first, false)
    }
}
