import CLibYAML

/// Reads one YAML document into a tree, with everything bounded.
///
/// libyaml splits the text into events; structure, aliases, keys and bounds are ours.
package struct YAMLReader {
    /// Reads a text that holds at most one document.
    /// - Returns: the document's value; nil when there is none.
    /// - Throws: ``YAMLError`` with the place.
    package static func read(_ text: [UInt8], limits: YAMLLimits = YAMLLimits()) throws(YAMLError) -> YAMLNode? {
        guard text.count <= limits.bytes else {
            throw YAMLError("the text has \(text.count) bytes; at most \(limits.bytes) are allowed")
        }
        let events = try YAMLEvents()
        defer { events.free() }
        return try text.withUnsafeBufferPointer { bytes throws(YAMLError) in
            events.begin(bytes)
            var reader = YAMLReader(events: events, limits: limits)
            return try reader.stream()
        }
    }

    private let events: YAMLEvents
    private let limits: YAMLLimits
    private var nodes = 0
    /// Completed values that have an anchor, and how many nodes each brings wherever it is used.
    private var anchors: [String: (node: YAMLNode, size: Int)] = [:]

    private init(events: YAMLEvents, limits: YAMLLimits) {
        self.events = events
        self.limits = limits
    }

    private mutating func stream() throws(YAMLError) -> YAMLNode? {
        var document: YAMLNode?
        var documents = 0
        while true {
            let event = try self.events.next()
            switch event.kind {
            case .streamStart, .documentEnd:
                continue
            case .documentStart:
                documents += 1
                guard documents == 1 else {
                    throw YAMLError("a second document begins; only one is allowed", at: event.position)
                }
                document = try self.node(try self.events.next(), depth: 0)
            case .streamEnd:
                return document
            default:
                throw YAMLError("the text is no YAML document", at: event.position)
            }
        }
    }

    private mutating func node(_ event: YAMLEvent, depth: Int) throws(YAMLError) -> YAMLNode {
        let before = self.nodes
        try self.count(1, at: event.position)
        let content: YAMLNode.Content
        switch event.kind {
        case .alias:
            guard let (node, size) = self.anchors[event.anchor] else {
                throw YAMLError("alias *\(event.anchor.prefix(64)) names no value before it", at: event.position)
            }
            try self.count(size - 1, at: event.position)
            return node
        case .scalar(let scalar):
            content = .scalar(scalar)
        case .sequenceStart:
            content = .sequence(try self.sequence(event, depth: depth + 1))
        case .mappingStart:
            content = .mapping(try self.mapping(event, depth: depth + 1))
        default:
            throw YAMLError("a value is missing", at: event.position)
        }
        let node = YAMLNode(content: content, tag: event.tag, position: event.position)
        if !event.anchor.isEmpty { self.anchors[event.anchor] = (node, self.nodes - before) }
        return node
    }

    private mutating func sequence(_ start: YAMLEvent, depth: Int) throws(YAMLError) -> [YAMLNode] {
        try self.check(depth, at: start.position)
        var elements: [YAMLNode] = []
        while true {
            let event = try self.events.next()
            if case .sequenceEnd = event.kind { return elements }
            elements.append(try self.node(event, depth: depth))
        }
    }

    private mutating func mapping(_ start: YAMLEvent, depth: Int) throws(YAMLError) -> [YAMLEntry] {
        try self.check(depth, at: start.position)
        var entries: [YAMLEntry] = []
        var keys: Set<String> = []
        while true {
            let event = try self.events.next()
            if case .mappingEnd = event.kind { return entries }
            guard case .scalar(let key) = event.kind, event.tag.isEmpty else {
                throw YAMLError("a key must be a text", at: event.position)
            }
            try self.count(1, at: event.position)
            guard keys.insert(key.text).inserted else {
                throw YAMLError("key \(key.text.prefix(64)) occurs twice", at: event.position)
            }
            let value = try self.node(try self.events.next(), depth: depth)
            entries.append(YAMLEntry(key: key.text, position: event.position, value: value))
        }
    }

    private mutating func count(_ nodes: Int, at position: YAMLPosition) throws(YAMLError) {
        self.nodes += nodes
        guard self.nodes <= self.limits.nodes else {
            throw YAMLError("more than \(self.limits.nodes) values, aliases expanded", at: position)
        }
    }

    private func check(_ depth: Int, at position: YAMLPosition) throws(YAMLError) {
        guard depth <= self.limits.depth else {
            throw YAMLError("more than \(self.limits.depth) lists and mappings inside each other", at: position)
        }
    }
}
