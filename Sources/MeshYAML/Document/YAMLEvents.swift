import CLibYAML

/// What libyaml found next.
struct YAMLEvent {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd, alias
        case scalar(YAMLScalar)
        case sequenceStart, sequenceEnd, mappingStart, mappingEnd
    }

    var kind: Kind
    /// The anchor that a value defines, or that an alias names; else empty.
    var anchor = ""
    /// A tag of the document's own; else empty.
    var tag = ""
    var position: YAMLPosition
}

/// libyaml's parser. The only code that touches its pointers.
struct YAMLEvents {
    private let parser: UnsafeMutablePointer<yaml_parser_t>

    init() throws(YAMLError) {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            throw YAMLError("the YAML parser could not be made: no memory")
        }
        self.parser = parser
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

    func next() throws(YAMLError) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(self.parser, &event) == 1 else { throw self.failure() }
        defer { yaml_event_delete(&event) }
        let position = Self.position(event.start_mark)
        switch event.type {
        case YAML_STREAM_START_EVENT: return YAMLEvent(kind: .streamStart, position: position)
        case YAML_STREAM_END_EVENT: return YAMLEvent(kind: .streamEnd, position: position)
        case YAML_DOCUMENT_START_EVENT: return YAMLEvent(kind: .documentStart, position: position)
        case YAML_DOCUMENT_END_EVENT: return YAMLEvent(kind: .documentEnd, position: position)
        case YAML_ALIAS_EVENT:
            return YAMLEvent(kind: .alias, anchor: Self.text(event.data.alias.anchor), position: position)
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            let tag = Self.text(scalar.tag)
            let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE && tag != Self.standardTag + "str"
            return YAMLEvent(
                kind: .scalar(YAMLScalar(text: text, isPlain: isPlain)),
                anchor: Self.text(scalar.anchor),
                tag: Self.own(tag),
                position: position
            )
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            let tag = Self.own(Self.text(start.tag))
            return YAMLEvent(kind: .sequenceStart, anchor: Self.text(start.anchor), tag: tag, position: position)
        case YAML_SEQUENCE_END_EVENT: return YAMLEvent(kind: .sequenceEnd, position: position)
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            let tag = Self.own(Self.text(start.tag))
            return YAMLEvent(kind: .mappingStart, anchor: Self.text(start.anchor), tag: tag, position: position)
        case YAML_MAPPING_END_EVENT: return YAMLEvent(kind: .mappingEnd, position: position)
        // After the end of the stream libyaml gives empty events without end.
        default: throw YAMLError("the text ends too early", at: position)
        }
    }

    private static let standardTag = "tag:yaml.org,2002:"

    /// A tag that the document brings itself; the standard ones say only what is seen anyway.
    private static func own(_ tag: String) -> String { tag == "!" || tag.hasPrefix(self.standardTag) ? "" : tag }

    private static func text(_ pointer: UnsafeMutablePointer<UInt8>?) -> String {
        pointer.map { String(cString: $0) } ?? ""
    }

    private static func position(_ mark: yaml_mark_t) -> YAMLPosition {
        YAMLPosition(line: Int(clamping: mark.line) &+ 1, column: Int(clamping: mark.column) &+ 1)
    }

    private func failure() -> YAMLError {
        let parser = self.parser.pointee
        guard let problem = parser.problem else { return YAMLError("the YAML parser has no memory left") }
        let context = parser.context.map { " (\(String(cString: $0)))" } ?? ""
        return YAMLError("not YAML: \(String(cString: problem))\(context)", at: Self.position(parser.problem_mark))
    }
}
