/// Documents as they are written, for comparing what is declared with what is in force. Nothing is checked but that
/// they are YAML; what ``ConfigurationReader`` refuses may be among them.
package struct DocumentValue: Hashable, Sendable {
    /// Which resource it is; nil where that can't be read.
    package var key: ResourceKey?
    /// The whole document.
    package var value: ConfigValue

    /// The documents of a text, items of lists each; those that are no YAML are left out.
    package static func all(in text: String, limits: ConfigurationLimits = .standard) -> [DocumentValue] {
        var documents: [DocumentValue] = []
        var nodesLeft = limits.nodes
        for chunk in DocumentSplitter.split(Array(text.utf8), limit: limits.documents).prefix(limits.documents) {
            guard chunk.text.count <= limits.documentBytes else { continue }
            let (result, nodes) = DocumentParser.read(
                chunk.text,
                firstLine: chunk.firstLine,
                limits: limits,
                nodesLeft: nodesLeft
            )
            nodesLeft = max(0, nodesLeft - nodes)
            guard case .success(let node?) = result, !node.isNull else { continue }
            if node["kind"]?.text == "List", case .list(let items)? = node["items"]?.content {
                documents += items.map(Self.init)
            } else {
                documents.append(DocumentValue(node))
            }
        }
        return documents
    }

    private init(_ node: DocumentNode) {
        let kind = node["kind"]?.text.flatMap { ResourceKind(rawValue: $0) }
        self.key = kind.flatMap { MetadataReader.key($0, node) }
        self.value = Self.plain(node)
    }

    /// The value without places; the parser bounds how deep it is.
    private static func plain(_ node: DocumentNode) -> ConfigValue {
        switch node.content {
        case .scalar(let scalar): scalar.value
        case .list(let nodes): .list(nodes.map(Self.plain))
        case .map(let entries): .map(Dictionary(entries.map { ($0.key, Self.plain($0.value)) }) { first, _ in first })
        }
    }
}
