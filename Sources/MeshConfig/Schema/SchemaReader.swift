/// Reads a document's value by its schema: checks it, says all that is wrong, and fills in what is missing.
struct SchemaReader {
    var report: FaultReport
    /// Values of one list or mapping, whatever its schema allows.
    let fieldValues: Int

    /// The value as checked; nil where it is wrong or means "nothing".
    mutating func read(_ node: DocumentNode, as schema: ValueSchema, path: String) -> ConfigValue? {
        switch (schema, node.content) {
        case (.object(let object), .map(let entries)):
            return self.object(entries, as: object, path: path, mark: node.mark)
        case (.map(let key, let value, let count), .map(let entries)):
            return self.map(entries, key: key, value: value, count: count, path: path, mark: node.mark)
        case (.list(let element, let count), .list(let nodes)):
            return self.list(nodes, of: element, count: count, path: path, mark: node.mark)
        case (_, .scalar(let scalar)):
            return self.scalar(scalar, as: schema, path: path, mark: node.mark)
        case (_, .list):
            self.report.error(.wrongType, path, "is a list, must be \(schema.allowed)", at: node.mark)
        case (_, .map):
            self.report.error(.wrongType, path, "is a mapping, must be \(schema.allowed)", at: node.mark)
        }
        return nil
    }

    mutating func object(
        _ entries: [DocumentEntry],
        as schema: ObjectSchema,
        path: String,
        mark: DocumentMark
    ) -> ConfigValue {
        var values: [String: ConfigValue] = [:]
        var written: Set<String> = []
        for entry in entries {
            let below = path.isEmpty ? entry.key : "\(path).\(entry.key)"
            guard let field = schema.fields.first(where: { $0.name == entry.key }) else {
                self.refuse(entry, below: path, schema: schema)
                continue
            }
            if entry.value.isNull { continue }
            written.insert(entry.key)
            if let value = self.read(entry.value, as: field.value, path: below) { values[entry.key] = value }
        }
        for field in schema.fields where !written.contains(field.name) {
            if field.isRequired {
                let missing = path.isEmpty ? field.name : "\(path).\(field.name)"
                self.report.error(.missingField, missing, "is missing; it must be \(field.value.allowed)", at: mark)
            } else if let fallback = field.fallback {
                values[field.name] = fallback
            }
        }
        for group in schema.groups { self.check(group, written: written, path: path, mark: mark) }
        return .map(values)
    }

    private mutating func refuse(_ entry: DocumentEntry, below path: String, schema: ObjectSchema) {
        let name = String(entry.key.prefix(128))
        let field = path.isEmpty ? name : "\(path).\(name)"
        if schema.unsupported.contains(entry.key) {
            self.report.error(.unsupportedField, field, "is not supported by Tulle", at: entry.mark)
            return
        }
        // Guessing costs time, which is spent only on what is shown.
        guard !self.report.isFull else { return self.report.error(.unknownField, field, "", at: entry.mark) }
        let names = schema.fields.map(\.name)
        let near = NearMiss.of(entry.key, in: names).map { "; did you mean \($0)?" } ?? ""
        let allowed = names.isEmpty ? "none is allowed here" : "allowed are \(names.joined(separator: ", "))"
        self.report.error(.unknownField, field, "is no field that is known\(near) (\(allowed))", at: entry.mark)
    }

    private mutating func check(_ group: FieldGroup, written: Set<String>, path: String, mark: DocumentMark) {
        let set = group.names.filter(written.contains)
        let all = group.names.joined(separator: ", ")
        let found = set.isEmpty ? "none is set" : "\(set.joined(separator: " and ")) are set"
        switch group {
        case .exactlyOne where set.count != 1:
            self.report.error(.oneOf, path, "needs exactly one of \(all); \(found)", at: mark)
        case .atMostOne where set.count > 1:
            self.report.error(.oneOf, path, "can have only one of \(all); \(found)", at: mark)
        case .atLeastOne where set.isEmpty:
            self.report.error(.oneOf, path, "needs at least one of \(all); none is set", at: mark)
        default: break
        }
    }

    private mutating func list(
        _ nodes: [DocumentNode],
        of element: ValueSchema,
        count: ClosedRange<Int>,
        path: String,
        mark: DocumentMark
    ) -> ConfigValue? {
        guard self.check(nodes.count, in: count, path: path, mark: mark) else { return nil }
        var values: [ConfigValue] = []
        for (index, node) in nodes.enumerated() {
            let below = "\(path)[\(index)]"
            if node.isNull {
                self.report.error(.wrongType, below, "is empty, must be \(element.allowed)", at: node.mark)
            } else if let value = self.read(node, as: element, path: below) {
                values.append(value)
            }
        }
        return .list(values)
    }

    private mutating func map(
        _ entries: [DocumentEntry],
        key: StringFormat,
        value: ValueSchema,
        count: ClosedRange<Int>,
        path: String,
        mark: DocumentMark
    ) -> ConfigValue? {
        guard self.check(entries.count, in: count, path: path, mark: mark) else { return nil }
        var values: [String: ConfigValue] = [:]
        for entry in entries {
            let below = "\(path)[\(entry.key.prefix(128))]"
            if let fault = key.fault(in: entry.key) {
                self.report.error(.badValue, below, "the key \(fault)", at: entry.mark)
            } else if entry.value.isNull {
                // A label without a value is an empty one, as in Kubernetes.
                if case .string(let format) = value, format.isMet(by: "") {
                    values[entry.key] = .string("")
                } else if case .object = value {
                    values[entry.key] = self.object([], as: value.fields, path: below, mark: entry.mark)
                } else {
                    self.report.error(.wrongType, below, "is empty, must be \(value.allowed)", at: entry.mark)
                }
            } else if let value = self.read(entry.value, as: value, path: below) {
                values[entry.key] = value
            }
        }
        return .map(values)
    }

    private mutating func check(_ number: Int, in count: ClosedRange<Int>, path: String, mark: DocumentMark) -> Bool {
        let most = min(count.upperBound, self.fieldValues)
        guard number < count.lowerBound || number > most else { return true }
        let needed = count.lowerBound > 0 ? "\(count.lowerBound) to \(most)" : "at most \(most)"
        self.report.error(.tooManyValues, path, "has \(number) entries, \(needed) are allowed", at: mark)
        return false
    }
}

extension ValueSchema {
    /// The fields of an object; none for anything else.
    var fields: ObjectSchema {
        guard case .object(let object) = self else { return ObjectSchema(fields: []) }
        return object
    }

    /// What is allowed, to follow "must be".
    var allowed: String {
        switch self {
        case .object(let object):
            object.fields.isEmpty
                ? "an empty mapping"
                : "a mapping with \(object.fields.prefix(8).map(\.name).joined(separator: ", "))"
                    + (object.fields.count > 8 ? ", …" : "")
        case .list: "a list"
        case .map: "a mapping"
        case .string(let format): format.allowed
        case .choice(let words, _): "one of \(words.joined(separator: ", "))"
        case .integer(let range):
            range.upperBound == .max
                ? "a whole number from \(range.lowerBound)"
                : "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .number(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
        case .boolean: "true or false"
        case .scalar: "a text, number or truth value"
        }
    }
}
