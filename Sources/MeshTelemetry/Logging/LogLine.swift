/// Writes one log line, bounded in length and free of anything that could forge another line.
struct LogLine {
    /// The most bytes of one text value that are shown.
    static let maximumValueBytes = 1_024

    private(set) var bytes: [UInt8] = []
    private let format: LogFormat
    private var hasFields = false

    /// Begins a line with time, level, scope, span and message.
    init(
        format: LogFormat,
        time: Timestamp,
        level: LogLevel,
        scope: StaticString,
        message: StaticString,
        in span: LogSpan? = nil
    ) {
        self.format = format
        self.bytes.reserveCapacity(512)
        switch format {
        case .plain:
            time.append(to: &self.bytes)
            self.put("\t")
            self.put(level.name)
            self.put("\t")
            self.put(scope)
            if let span { self.putPlain(span) }
            self.put("\t")
            self.put(message)
        case .json:
            self.put("{\"level\":\"")
            self.put(level.name)
            self.put("\",\"time\":\"")
            time.append(to: &self.bytes)
            self.put("\",\"scope\":")
            self.putQuoted(Self.text(scope))
            self.put(",\"message\":")
            self.putQuoted(Self.text(message))
        }
    }

    /// Adds a fact.
    mutating func add(_ field: LogField) {
        self.put(self.format == .json ? "," : self.hasFields ? " " : "\t")
        self.hasFields = true
        self.putPair(field)
    }

    /// Ends the fields with the span's object, in JSON; plain lines have it already.
    mutating func close(_ span: LogSpan) {
        guard self.format == .json else { return }
        self.put(",")
        self.putQuoted(Self.text(span.name))
        self.put(":{")
        for (index, field) in span.fields.enumerated() {
            if index > 0 { self.put(",") }
            self.putPair(field)
        }
        self.put("}")
    }

    private mutating func putPlain(_ span: LogSpan) {
        self.put(":")
        self.put(span.name)
        self.put("{")
        for (index, field) in span.fields.enumerated() {
            if index > 0 { self.put(" ") }
            self.putPair(field)
        }
        self.put("}")
    }

    private mutating func putPair(_ field: LogField) {
        switch self.format {
        case .plain:
            self.put(field.name)
            self.put("=")
        case .json:
            self.putQuoted(Self.text(field.name))
            self.put(":")
        }
        switch field.value {
        case .number(let number):
            self.bytes.append(contentsOf: number.description.utf8)
        case .bare(let text) where self.format == .plain && Self.isBare(text):
            self.bytes.append(contentsOf: text.utf8)
        case .bare(let text), .text(let text):
            self.putQuoted(text)
        }
    }

    /// Ends the line.
    consuming func finished() -> [UInt8] {
        self.put(self.format == .json ? "}\n" : "\n")
        return self.bytes
    }

    private static func text(_ text: StaticString) -> String {
        text.withUTF8Buffer { String(decoding: $0, as: UTF8.self) }
    }

    private static func isBare(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 256
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    }

    private mutating func put(_ text: StaticString) {
        text.withUTF8Buffer { self.bytes.append(contentsOf: $0) }
    }

    /// A JSON string, which the plain format uses as well: control characters are escaped, long text is cut.
    private mutating func putQuoted(_ text: String) {
        self.put("\"")
        LogText.append(text, limit: Self.maximumValueBytes, to: &self.bytes)
        self.put("\"")
    }
}
