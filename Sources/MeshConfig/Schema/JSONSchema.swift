/// The schema of a kind's documents as JSON Schema (draft 2020-12), for editors and for checks before admission.
///
/// It says what a schema can say; what several fields must have together (``KindRules``) is checked by `tulle analyze`.
/// The text is the same in every run.
package func jsonSchema(of kind: ResourceKind) -> String {
    JSONText.write(KindSchema.of(kind).json) + "\n"
}

extension KindSchema {
    fileprivate var json: ConfigValue {
        let text: ConfigValue = .map(["type": .string("string")])
        var metadata: [String: ConfigValue] = [
            "name": kind == .meshConfig ? .map(["const": .string("default")]) : .string(.dnsSubdomain),
            "labels": ValueSchema.labels.json,
            "annotations": .map(["type": .string("object"), "additionalProperties": text]),
        ]
        if self.kind.isNamespaced { metadata["namespace"] = .string(.dnsLabel) }
        var properties: [String: ConfigValue] = [
            "apiVersion": .map(["enum": .list(self.kind.apiVersions.map { .string($0) })]),
            "kind": .map(["const": .string(self.kind.rawValue)]),
            "metadata": .map([
                "type": .string("object"), "properties": .map(metadata), "required": .list([.string("name")]),
            ]),
            // What a cluster writes, which is ignored.
            "status": .map([:]),
        ]
        var required = ["apiVersion", "kind", "metadata"]
        if let spec = self.spec {
            properties["spec"] = spec.json
            if spec.fields.contains(where: \.isRequired) { required.append("spec") }
        } else {
            properties["spec"] = .map([:])
        }
        return .map([
            "$schema": .string("https://json-schema.org/draft/2020-12/schema"),
            "title": .string(self.kind.rawValue),
            "type": .string("object"),
            "properties": .map(properties),
            "required": .list(required.map { .string($0) }),
            "additionalProperties": .bool(false),
        ])
    }
}

extension ConfigValue {
    fileprivate static func string(_ format: StringFormat) -> ConfigValue { ValueSchema.string(format).json }
}

extension ObjectSchema {
    fileprivate var json: ConfigValue {
        var object: [String: ConfigValue] = [
            "type": .string("object"), "additionalProperties": .bool(false),
        ]
        var properties: [String: ConfigValue] = [:]
        for field in self.fields {
            var property = field.value.json.entries
            property["default"] = field.fallback
            properties[field.name] = .map(property)
        }
        object["properties"] = .map(properties)
        let required = self.fields.filter(\.isRequired).map { ConfigValue.string($0.name) }
        if !required.isEmpty { object["required"] = .list(required) }
        if !self.groups.isEmpty { object["allOf"] = .list(self.groups.map(\.json)) }
        return .map(object)
    }
}

extension FieldGroup {
    fileprivate var json: ConfigValue {
        let each = self.names.map { ConfigValue.map(["required": .list([.string($0)])]) }
        switch self {
        case .exactlyOne: return .map(["oneOf": .list(each)])
        case .atLeastOne: return .map(["anyOf": .list(each)])
        case .atMostOne:
            return .map(["oneOf": .list(each + [.map(["not": .map(["anyOf": .list(each)])])])])
        }
    }
}

extension ValueSchema {
    fileprivate var json: ConfigValue {
        switch self {
        case .object(let object): return object.json
        case .list(let element, let count):
            var list: [String: ConfigValue] = [
                "type": .string("array"), "items": element.json, "maxItems": .integer(Int64(count.upperBound)),
            ]
            if count.lowerBound > 0 { list["minItems"] = .integer(Int64(count.lowerBound)) }
            return .map(list)
        case .map(let key, let value, let count):
            return .map([
                "type": .string("object"), "propertyNames": ConfigValue.string(key),
                "additionalProperties": value.json, "maxProperties": .integer(Int64(count.upperBound)),
            ])
        case .string(let format):
            var string: [String: ConfigValue] = ["type": .string("string"), "description": .string(format.allowed)]
            if let most = format.maximumBytes { string["maxLength"] = .integer(Int64(most)) }
            if let pattern = format.pattern { string["pattern"] = .string(pattern) }
            if case .text(let bytes) = format, bytes.lowerBound > 0 { string["minLength"] = .integer(1) }
            return .map(string)
        case .choice(let words, _): return .map(["enum": .list(words.map { .string($0) })])
        case .integer(let range):
            return .map([
                "type": .string("integer"), "minimum": .integer(range.lowerBound),
                "maximum": .integer(range.upperBound),
            ])
        case .number(let range):
            return .map([
                "type": .string("number"), "minimum": .number(range.lowerBound), "maximum": .number(range.upperBound),
            ])
        case .boolean: return .map(["type": .string("boolean")])
        case .scalar: return .map(["type": .list(["string", "number", "boolean"].map { .string($0) })])
        }
    }
}

extension StringFormat {
    /// The longest text in characters, where the form has such a bound. A byte is a character at most.
    fileprivate var maximumBytes: Int? {
        switch self {
        case .text(let bytes): bytes.upperBound
        case .dnsLabel, .labelValue: 63
        case .dnsSubdomain, .hostname: 253
        case .wildcardHostname: 255
        case .regex: RegexSyntax.maximumBytes
        case .path: 1024
        default: nil
        }
    }
}
