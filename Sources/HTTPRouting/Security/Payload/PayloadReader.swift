import MeshProtos

/// Reads a body for one policy.
struct PayloadReader: Sendable {
    /// How reading ended.
    enum End: Sendable {
        case oversize, malformed, compressed
        /// It was read, as far as the policy wants.
        case read(PayloadContent)
        /// The policy lets it pass unread.
        case passed
    }

    let policy: CompiledPayloadPolicy
    private let isDeclaredJSON: Bool
    private let isDeclaredForm: Bool
    private var content = PayloadContent()
    private var text: [UInt8] = []
    private var searches: [PatternSearch]
    /// The first byte that is no blank.
    private var first: UInt8?
    /// Nil where no rule looks into JSON, or the body turned out to be none.
    private var json: JSONScanner<PointedValues>?
    private var form: FormFields?
    /// Set once more bytes change nothing.
    private(set) var end: End?

    init(_ policy: CompiledPayloadPolicy, media: [MediaType], isCompressed: Bool) {
        self.policy = policy
        self.isDeclaredJSON = media.contains(where: \.isJSON)
        self.isDeclaredForm = media.contains(where: \.isForm)
        self.searches = policy.patterns.map { PatternSearch($0) }
        self.content.media = media
        guard policy.readsBody else {
            self.end = .read(self.content)
            return
        }
        // What names no type, or another, is tried: what reads it may not look at the type either.
        if !policy.pointers.isEmpty {
            self.json = JSONScanner(limits: policy.limits, sink: PointedValues(policy.pointers))
        }
        if !policy.fields.isEmpty {
            self.form = FormFields(policy.fields, maximumPairs: policy.limits.members)
        }
        if isCompressed { self.end = policy.policy.compressed == .pass ? .passed : .compressed }
    }

    /// Says how long the body will be; nothing is read of one that is too long.
    mutating func expect(_ bytes: UInt64) {
        guard self.end == nil, bytes > UInt64(self.policy.maximumBytes) else { return }
        switch self.policy.policy.oversize {
        case .prefix: break
        case .pass: self.end = .passed
        default: self.end = .oversize
        }
    }

    /// Reads on; nothing happens once ``end`` is set.
    mutating func take(_ bytes: ArraySlice<UInt8>) {
        guard self.end == nil else { return }
        let room = self.policy.maximumBytes - self.content.bytes
        self.read(bytes.prefix(room))
        guard self.end == nil, bytes.count > room else { return }
        switch self.policy.policy.oversize {
        case .prefix: self.complete(isWhole: false)
        case .pass: self.end = .passed
        default: self.end = .oversize
        }
    }

    /// Says that the body has ended.
    mutating func finish() -> End {
        if self.end == nil { self.complete(isWhole: true) }
        return self.end ?? .malformed
    }

    private mutating func read(_ bytes: ArraySlice<UInt8>) {
        self.content.bytes += bytes.count
        if self.first == nil { self.first = bytes.first { $0 > 0x20 || $0 == 0 } }
        if self.policy.readsText { self.text += bytes }
        self.form?.take(bytes)
        for place in self.searches.indices {
            self.searches[place].take(bytes)
            // A pattern on what is no text could miss what it is for.
            if !self.searches[place].isText { return self.endMalformed() }
        }
        do throws(JSONFault) {
            try self.json?.take(bytes)
        } catch {
            self.failJSON()
        }
    }

    /// The body is no JSON that all read alike. That is a fault where it says that it is JSON, and where it looks like it:
    /// a lenient receiver may not care for the type, or for what stands behind.
    private mutating func failJSON() {
        self.json = nil
        if self.isDeclaredJSON || self.looksLikeJSON { self.endMalformed() }
    }

    /// Whether it begins as lists and objects do, perhaps in another encoding or after a byte order mark.
    private var looksLikeJSON: Bool {
        switch self.first {
        case UInt8(ascii: "{")?, UInt8(ascii: "[")?, 0x00?, 0xEF?, 0xFE?, 0xFF?: true
        default: false
        }
    }

    private mutating func endMalformed() {
        self.end = self.policy.policy.malformed == .pass ? .passed : .malformed
    }

    private mutating func complete(isWhole: Bool) {
        if isWhole, self.content.bytes > 0 {
            do throws(JSONFault) {
                try self.json?.finish()
            } catch {
                self.failJSON()
                if self.end != nil { return }
            }
        }
        if isWhole { self.form?.finish() }
        if self.isDeclaredForm, self.form?.isWellFormed == false { return self.endMalformed() }
        if self.policy.readsText {
            // What is cut off may be cut within a character. Else a pattern on what is no text could miss what it is for.
            var found: String?
            for cut in 0...(isWhole ? 0 : 3) where found == nil {
                found = String(validating: self.text.dropLast(cut), as: UTF8.self)
            }
            guard let found else { return self.endMalformed() }
            self.content.text = found
        }
        for place in self.searches.indices {
            self.searches[place].finish(isCut: !isWhole)
            if !self.searches[place].isText { return self.endMalformed() }
        }
        self.content.found = self.searches.map(\.isFound)
        let none = [PointedValue?](repeating: nil, count: self.policy.pointers.count)
        self.content.values = self.json?.sink.values ?? none
        self.content.fields = self.form?.values ?? []
        self.end = .read(self.content)
    }
}
