import CYaml

/// What the YAML parser found next.
struct DocumentEvent {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd, alias
        case scalar(DocumentScalar)
        case listStart, listEnd, mapStart, mapEnd
    }

    var kind: Kind
    /// The anchor that a value defines, or that an alias names; else empty.
    var anchor = ""
    var mark: DocumentMark
}

/// libyaml's parser, of which Yams brings a copy. The only code of this room that touches its pointers.
///
/// Yams' own trees are not used for documents: they hash keys with all aliases expanded, which a few lines of text can
/// make arbitrarily slow, before anything could be counted.
struct DocumentEvents {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let firstLine: Int

    /// - Parameter firstLine: the text's first line in its file, counted from 1.
    init(firstLine: Int) throws(DocumentFault) {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            throw DocumentFault(
                .yamlSyntax,
                "the YAML parser could not be made: no memory",
                at: DocumentMark(line: firstLine, column: 1)
            )
        }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        self.parser = parser
        self.firstLine = firstLine
    }

    /// Frees the parser; nothing may be called afterwards.
    func free() {
        yaml_parser_delete(self.parser)
        self.parser.deallocate()
    }

    /// Sets the text, which must stay where it is until the last event.
    func begin(_ bytes: UnsafeBufferPointer<UInt8>) {
        yaml_parser_set_input_string(self.parser, bytes.baseAddress, bytes.count)
    }

    func next() throws(DocumentFault) -> DocumentEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(self.parser, &event) == 1 else { throw self.failure() }
        defer { yaml_event_delete(&event) }
        let mark = self.mark(event.start_mark)
        switch event.type {
        case YAML_STREAM_START_EVENT: return DocumentEvent(kind: .streamStart, mark: mark)
        case YAML_STREAM_END_EVENT: return DocumentEvent(kind: .streamEnd, mark: mark)
        case YAML_DOCUMENT_START_EVENT: return DocumentEvent(kind: .documentStart, mark: mark)
        case YAML_DOCUMENT_END_EVENT: return DocumentEvent(kind: .documentEnd, mark: mark)
        case YAML_ALIAS_EVENT:
            return DocumentEvent(kind: .alias, anchor: Self.text(event.data.alias.anchor), mark: mark)
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            try Self.refuse(tag: Self.text(scalar.tag), at: mark)
            let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE && Self.text(scalar.tag) != Self.standardTag + "str"
            return DocumentEvent(
                kind: .scalar(DocumentScalar(text: text, isPlain: isPlain)),
                anchor: Self.text(scalar.anchor),
                mark: mark
            )
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            try Self.refuse(tag: Self.text(start.tag), at: mark)
            return DocumentEvent(kind: .listStart, anchor: Self.text(start.anchor), mark: mark)
        case YAML_SEQUENCE_END_EVENT: return DocumentEvent(kind: .listEnd, mark: mark)
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            try Self.refuse(tag: Self.text(start.tag), at: mark)
            return DocumentEvent(kind: .mapStart, anchor: Self.text(start.anchor), mark: mark)
        case YAML_MAPPING_END_EVENT: return DocumentEvent(kind: .mapEnd, mark: mark)
        // After its end, libyaml gives empty events without end.
        default: throw DocumentFault(.yamlSyntax, "the text ends too early", at: mark)
        }
    }

    private static let standardTag = "tag:yaml.org,2002:"

    /// Tags of a document's own mean nothing in a resource; the standard ones say only what is seen anyway.
    private static func refuse(tag: String, at mark: DocumentMark) throws(DocumentFault) {
        guard tag.isEmpty || tag == "!" || tag.hasPrefix(self.standardTag) else {
            throw DocumentFault(.yamlSyntax, "tag '\(tag.prefix(64))' means nothing here; remove it", at: mark)
        }
    }

    private static func text(_ pointer: UnsafeMutablePointer<UInt8>?) -> String {
        pointer.map { String(cString: $0) } ?? ""
    }

    private func failure() -> DocumentFault {
        let parser = self.parser.pointee
        let problem = parser.problem.map { String(cString: $0) } ?? "no memory is left for it"
        let context = parser.context.map { " (\(String(cString: $0)))" } ?? ""
        return DocumentFault(.yamlSyntax, "not YAML: \(problem)\(context)", at: self.mark(parser.problem_mark))
    }

    private func mark(_ mark: yaml_mark_t) -> DocumentMark {
        DocumentMark(line: Int(clamping: mark.line) &+ self.firstLine, column: Int(clamping: mark.column) &+ 1)
    }
}
