/// A trust domain as policies write it: exact, `*` for any, or one `*` that stands for anything but slashes.
struct TrustDomainPattern: Hashable, Sendable {
    private let start: String
    private let end: String?

    /// Nil with more than one `*`.
    init?(parsing text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
        guard let first = parts.first, parts.count <= 2 else { return nil }
        self.start = String(decoding: first, as: UTF8.self)
        self.end = parts.count == 2 ? parts.last.map { String(decoding: $0, as: UTF8.self) } : nil
    }

    /// Whether the trust domain fits; it never holds a slash.
    func matches(_ domain: String) -> Bool {
        guard let end = self.end else { return domain.utf8.elementsEqual(self.start.utf8) }
        return domain.utf8.count >= self.start.utf8.count + end.utf8.count
            && domain.utf8.starts(with: self.start.utf8)
            && domain.utf8.suffix(end.utf8.count).elementsEqual(end.utf8)
    }
}
