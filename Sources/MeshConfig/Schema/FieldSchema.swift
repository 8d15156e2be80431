/// One field of an object: what its value may be, and what holds when it is missing.
struct FieldSchema: Sendable {
    var name: String
    var value: ValueSchema
    var isRequired = false
    /// What is filled in when the field is missing; nil for nothing.
    var fallback: ConfigValue?

    static func required(_ name: String, _ value: ValueSchema) -> Self {
        FieldSchema(name: name, value: value, isRequired: true)
    }

    static func optional(_ name: String, _ value: ValueSchema, default fallback: ConfigValue? = nil) -> Self {
        FieldSchema(name: name, value: value, fallback: fallback)
    }
}

/// What a value may be.
indirect enum ValueSchema: Sendable {
    case object(ObjectSchema)
    case list(ValueSchema, ClosedRange<Int>)
    /// A mapping with free keys.
    case map(StringFormat, ValueSchema, ClosedRange<Int>)
    case string(StringFormat)
    /// One of some words. `refused` are words that the API has and Tulle does not carry out.
    case choice([String], refused: [String])
    case integer(ClosedRange<Int64>)
    case number(ClosedRange<Double>)
    case boolean
    /// A text, number or truth value, as written.
    case scalar

    /// A mapping with known fields.
    static func object(
        _ fields: [FieldSchema],
        groups: [FieldGroup] = [],
        unsupported: [String] = []
    ) -> Self {
        .object(ObjectSchema(fields: fields, groups: groups, unsupported: unsupported))
    }

    static func choice(_ words: [String]) -> Self { .choice(words, refused: []) }

    static func choice<Words: CaseIterable & RawRepresentable>(_ words: Words.Type) -> Self
    where Words.RawValue == String {
        .choice(words.allCases.map(\.rawValue), refused: [])
    }

    /// A list that only the general bound limits.
    static func list(_ element: ValueSchema, atLeast least: Int = 0) -> Self {
        .list(element, least...ConfigurationLimits.standard.fieldValues)
    }

    /// A list of texts.
    static func strings(_ format: StringFormat, atLeast least: Int = 0) -> Self {
        .list(.string(format), atLeast: least)
    }

    /// A mapping that only the general bound limits.
    static func map(_ key: StringFormat, _ value: ValueSchema) -> Self {
        .map(key, value, 0...ConfigurationLimits.standard.fieldValues)
    }

    static let port = ValueSchema.integer(1...65535)
    static let percent = ValueSchema.number(0...100)
    static let count = ValueSchema.integer(0...Int64(Int32.max))
    static let labels = ValueSchema.map(.labelKey, .string(.labelValue), 0...64)
}

/// A mapping with known fields.
struct ObjectSchema: Sendable {
    var fields: [FieldSchema]
    var groups: [FieldGroup] = []
    /// Fields that the API has and Tulle does not carry out.
    var unsupported: [String] = []
}

/// Fields that exclude or need each other.
enum FieldGroup: Sendable, Hashable {
    case exactlyOne([String])
    case atMostOne([String])
    case atLeastOne([String])

    var names: [String] {
        switch self {
        case .exactlyOne(let names), .atMostOne(let names), .atLeastOne(let names): names
        }
    }
}
