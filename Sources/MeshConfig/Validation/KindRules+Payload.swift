extension KindRules {
    /// The most of a body that is ever read, in bytes.
    private static let mostRead: Int64 = 1 << 20
    /// What is read of a body where nothing is said.
    private static let usuallyRead: Int64 = 16 << 10

    mutating func payloadPolicy(_ spec: SpecCursor) {
        self.selector(spec)
        self.targetReferences(spec)
        self.report.refuseDuplicates(spec.list("rules").filter { $0["name"] != nil }, "rule") { $0.text("name") ?? "" }
        if let bytes = spec["inspect"]?["maxBytes"], (TextForm.byteCount(bytes.text) ?? 0) > Self.mostRead {
            self.report.error(.outOfRange, bytes, "\(bytes.text) is more than 1Mi")
        }
        let read = (spec["inspect"]?["maxBytes"]).flatMap { TextForm.byteCount($0.text) } ?? Self.usuallyRead
        for rule in spec.list("rules") {
            if let size = rule["size"] { self.payloadSize(size, read: read) }
            for type in rule["contentType"].map({ $0.list("in") + $0.list("notIn") }) ?? [] { self.mediaType(type) }
            guard let pointer = rule["json"]?["pointer"] else { continue }
            // RFC 6901 §3
            let parts = pointer.text.split(separator: "~", omittingEmptySubsequences: false).dropFirst()
            let isEscaped = parts.allSatisfy { $0.hasPrefix("0") || $0.hasPrefix("1") }
            if !isEscaped || !(pointer.text.isEmpty || pointer.text.hasPrefix("/")) {
                self.report.error(.badValue, pointer, "\(Quoted(pointer.text)) must be a JSON Pointer such as /amount")
            }
        }
        for path in spec["match"]?.list("paths") ?? [] {
            if let fault = PathTemplate.fault(in: path.text) { self.report.error(.badValue, path, fault) }
        }
        for type in spec["match"]?.list("contentTypes") ?? [] { self.mediaType(type) }
    }

    /// A bound that lies beyond what is read would never be met: what `oversize` says comes first.
    private mutating func payloadSize(_ size: SpecCursor, read: Int64) {
        let (more, less) = (size["greaterThan"], size["lessThan"])
        let (least, most) = (more.flatMap { TextForm.byteCount($0.text) }, less.flatMap { TextForm.byteCount($0.text) })
        if let more, let least, least >= read {
            self.report.error(.contradiction, more, "must be less than inspect.maxBytes, \(read): more is not read")
        }
        if let less, let most, most > read || most == 0 {
            self.report.error(.contradiction, less, "must be from 1 to inspect.maxBytes, \(read): more is not read")
        }
        if let less, let least, let most, most <= least + 1 {
            self.report.error(.contradiction, less, "leaves no size that is greater than \(least)")
        }
    }

    /// `<type>/<subtype>`, as waypoints read it.
    private mutating func mediaType(_ type: SpecCursor) {
        let parts = type.text.split(separator: "/", omittingEmptySubsequences: false)
        let isType =
            parts.count == 2 && (parts[0] == "*" || TextForm.isToken(String(parts[0])) && !parts[0].contains("*"))
        let subtype = parts.last ?? ""
        let isSubtype = !subtype.isEmpty && subtype.count { $0 == "*" } <= 1 && TextForm.isToken(String(subtype))
        guard !isType || !isSubtype else { return }
        let form = "a content type such as application/json, application/*+json or text/*"
        self.report.error(.badValue, type, "\(Quoted(type.text)) must be \(form)")
    }
}
