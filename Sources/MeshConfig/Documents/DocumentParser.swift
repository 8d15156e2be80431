/// Reads one YAML document into a tree, with everything bounded: structure, aliases, keys and bounds are ours.
struct DocumentParser {
    private let events: DocumentEvents
    private let limits: ConfigurationLimits
    private let nodesLeft: Int
    private var nodes = 0
    /// Completed values that have an anchor, and how many nodes each brings wherever it is used.
    private var anchors: [String: (node: DocumentNode, size: Int, depth: Int)] = [:]

    /// Reads a text that holds at most one document.
    ///
    /// - Parameters:
    ///   - firstLine: the text's first line in its file, counted from 1.
    ///   - nodesLeft: how many nodes the document may have.
    /// - Returns: the document's value, nil when there is none, and how many nodes it has.
    static func read(
        _ text: ArraySlice<UInt8>,
        firstLine: Int,
        limits: ConfigurationLimits,
        nodesLeft: Int
    ) -> (result: Result<DocumentNode?, DocumentFault>, nodes: Int) {
        text.withUnsafeBufferPointer { bytes in
            do throws(DocumentFault) {
                let events = try DocumentEvents(firstLine: firstLine)
                defer { events.free() }
                events.begin(bytes)
                var parser = DocumentParser(events: events, limits: limits, nodesLeft: nodesLeft)
                do throws(DocumentFault) {
                    return (.success(try parser.stream()), parser.nodes)
                } catch {
                    return (.failure(error), parser.nodes)
                }
            } catch {
                return (.failure(error), 0)
            }
        }
    }

    private init(events: DocumentEvents, limits: ConfigurationLimits, nodesLeft: Int) {
        self.events = events
        self.limits = limits
        self.nodesLeft = nodesLeft
    }

    private mutating func stream() throws(DocumentFault) -> DocumentNode? {
        var document: DocumentNode?
        var isRead = false
        while true {
            let event = try self.events.next()
            switch event.kind {
            case .streamStart, .documentEnd:
                continue
            case .documentStart:
                guard !isRead else {
                    throw DocumentFault(.yamlSyntax, "not YAML: a second value begins here", at: event.mark)
                }
                isRead = true
                document = try self.node(try self.events.next(), depth: 0).node
            case .streamEnd:
                return document
            default:
                throw DocumentFault(.yamlSyntax, "not YAML: a value stands outside of a document", at: event.mark)
            }
        }
    }

    /// - Parameter depth: how many lists and mappings the value is in.
    /// - Returns: the value, and how many levels it has itself.
    private mutating func node(
        _ event: DocumentEvent,
        depth: Int
    ) throws(DocumentFault) -> (node: DocumentNode, levels: Int) {
        let before = self.nodes
        try self.count(1, at: event.mark)
        let content: DocumentNode.Content
        var levels = 0
        switch event.kind {
        case .alias:
            guard let anchor = self.anchors[event.anchor] else {
                let name = event.anchor.prefix(64)
                throw DocumentFault(.yamlSyntax, "alias *\(name) names no value before it", at: event.mark)
            }
            try self.count(anchor.size - 1, at: event.mark)
            try self.check(depth + anchor.depth, at: event.mark)
            return (anchor.node, anchor.depth)
        case .scalar(let scalar):
            content = .scalar(scalar)
        case .listStart:
            let list = try self.list(event, depth: depth + 1)
            content = .list(list.nodes)
            levels = list.levels + 1
        case .mapStart:
            let map = try self.map(event, depth: depth + 1)
            content = .map(map.entries)
            levels = map.levels + 1
        default:
            throw DocumentFault(.yamlSyntax, "not YAML: a value is missing", at: event.mark)
        }
        let node = DocumentNode(content: content, mark: event.mark)
        if !event.anchor.isEmpty { self.anchors[event.anchor] = (node, self.nodes - before, levels) }
        return (node, levels)
    }

    private mutating func list(
        _ start: DocumentEvent,
        depth: Int
    ) throws(DocumentFault) -> (nodes: [DocumentNode], levels: Int) {
        try self.check(depth, at: start.mark)
        var nodes: [DocumentNode] = []
        var levels = 0
        while true {
            let event = try self.events.next()
            if case .listEnd = event.kind { return (nodes, levels) }
            let element = try self.node(event, depth: depth)
            nodes.append(element.node)
            levels = max(levels, element.levels)
        }
    }

    private mutating func map(
        _ start: DocumentEvent,
        depth: Int
    ) throws(DocumentFault) -> (entries: [DocumentEntry], levels: Int) {
        try self.check(depth, at: start.mark)
        var entries: [DocumentEntry] = []
        var keys: [String: DocumentMark] = [:]
        var levels = 0
        while true {
            let event = try self.events.next()
            if case .mapEnd = event.kind { return (entries, levels) }
            guard case .scalar(let key) = event.kind else {
                throw DocumentFault(.keyNotText, "a key must be a text", at: event.mark)
            }
            let name = key.text
            switch key.value {
            // Kubernetes' readers take whole numbers as keys too, and nobody quotes ports (`portLevelMtls`).
            case .string, .integer: break
            default:
                let message = "key \(Quoted(name)) is no text: write it in quotes"
                throw DocumentFault(.keyNotText, message, at: event.mark)
            }
            try self.count(1, at: event.mark)
            if let first = keys.updateValue(event.mark, forKey: name) {
                throw DocumentFault(
                    .duplicateKey,
                    "key \(Quoted(name)) occurs twice in one mapping, first in line \(first.line)",
                    at: event.mark
                )
            }
            let value = try self.node(try self.events.next(), depth: depth)
            entries.append(DocumentEntry(key: name, mark: event.mark, value: value.node))
            levels = max(levels, value.levels)
        }
    }

    private mutating func count(_ nodes: Int, at mark: DocumentMark) throws(DocumentFault) {
        self.nodes += nodes
        guard self.nodes <= self.nodesLeft else {
            throw DocumentFault(
                .tooManyNodes,
                "the file has more than \(self.limits.nodes) values, aliases expanded",
                at: mark
            )
        }
    }

    private func check(_ depth: Int, at mark: DocumentMark) throws(DocumentFault) {
        guard depth <= self.limits.depth else {
            throw DocumentFault(
                .tooDeep,
                "more than \(self.limits.depth) lists and mappings inside each other",
                at: mark
            )
        }
    }
}
