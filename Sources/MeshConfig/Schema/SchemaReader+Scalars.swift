extension SchemaReader {
    /// Reads a scalar. Types are never guessed: a number in quotes is a text, and a number is no text.
    mutating func scalar(
        _ scalar: DocumentScalar,
        as schema: ValueSchema,
        path: String,
        mark: DocumentMark
    ) -> ConfigValue? {
        let value = scalar.value
        switch (schema, value) {
        case (.string(let format), .string(let text)):
            guard let fault = format.fault(in: text) else { return value }
            self.report.error(.badValue, path, fault, at: mark)
        case (.choice(let words, let refused), .string(let text)):
            if words.contains(text) { return value }
            self.refuse(text, words: words, refused: refused, path: path, mark: mark)
        case (.boolean, .bool), (.scalar, .string), (.scalar, .bool), (.scalar, .integer), (.scalar, .number):
            return value
        case (.integer(let range), .integer(let number)):
            if range.contains(number) { return value }
            self.report.error(.outOfRange, path, "\(number) must be \(schema.allowed)", at: mark)
        case (.number(let range), .integer(let number)):
            if range.contains(Double(number)) { return value }
            self.report.error(.outOfRange, path, "\(number) must be \(schema.allowed)", at: mark)
        case (.number(let range), .number(let number)):
            if range.contains(number) { return value }
            self.report.error(.outOfRange, path, "\(number) must be \(schema.allowed)", at: mark)
        case (_, .null):
            self.report.error(.wrongType, path, "is empty, must be \(schema.allowed)", at: mark)
        case (.string, _), (.choice, _):
            self.report.error(
                .wrongType,
                path,
                "\(scalar.text.prefix(64)) is \(Self.name(of: value)) here, not a text: write it in quotes",
                at: mark
            )
        case (.boolean, .string), (.integer, .string), (.number, .string):
            let hint = scalar.isPlain ? "" : ", without quotes"
            self.report.error(
                .wrongType,
                path,
                "\(Quoted(scalar.text)) is a text, must be \(schema.allowed)\(hint)",
                at: mark
            )
        default:
            self.report.error(.wrongType, path, "\(Quoted(scalar.text)) must be \(schema.allowed)", at: mark)
        }
        return nil
    }

    private mutating func refuse(
        _ text: String,
        words: [String],
        refused: [String],
        path: String,
        mark: DocumentMark
    ) {
        let allowed = words.joined(separator: ", ")
        if refused.contains(text) {
            let reason = "\(text) is not supported by Tulle; allowed are \(allowed)"
            self.report.error(.unsupportedValue, path, reason, at: mark)
            return
        }
        guard !self.report.isFull else { return self.report.error(.badValue, path, "", at: mark) }
        let near = NearMiss.of(text, in: words).map { "; did you mean \($0)?" } ?? ""
        self.report.error(.badValue, path, "\(Quoted(text)) must be one of \(allowed)\(near)", at: mark)
    }

    private static func name(of value: ConfigValue) -> String {
        switch value {
        case .bool: "a truth value"
        case .integer, .number: "a number"
        default: "something else"
        }
    }
}
