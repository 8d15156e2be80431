/// What kind of fault a diagnostic tells of. The raw values are stable: dashboards and scripts may match them.
package enum ConfigurationCode: String, Sendable, Hashable, CaseIterable {
    /// A setting of `tulled` itself: its flags, environment and file.
    case setting
    // Reading files
    case fileUnreadable = "file_unreadable"
    case fileUnwritable = "file_unwritable"
    case fileTooLarge = "file_too_large"
    case tooManyFiles = "too_many_files"
    case directoryUnreadable = "directory_unreadable"
    case documentTooLarge = "document_too_large"
    case tooManyDocuments = "too_many_documents"
    case tooManyResources = "too_many_resources"
    case yamlSyntax = "yaml_syntax"
    case keyNotText = "key_not_text"
    case duplicateKey = "duplicate_key"
    case tooDeep = "too_deep"
    case tooManyNodes = "too_many_nodes"
    // What a document is
    case unknownKind = "unknown_kind"
    case unknownVersion = "unknown_version"
    case badMetadata = "bad_metadata"
    // Fields
    case missingField = "missing_field"
    case unknownField = "unknown_field"
    case unsupportedField = "unsupported_field"
    case unsupportedValue = "unsupported_value"
    case wrongType = "wrong_type"
    case badValue = "bad_value"
    case outOfRange = "out_of_range"
    case tooManyValues = "too_many_values"
    case oneOf = "one_of"
    case tooManyDiagnostics = "too_many_diagnostics"
    // Meaning
    case contradiction
    case duplicateValue = "duplicate_value"
    case widens
    case notAtL4 = "not_at_l4"
    case noEffect = "no_effect"
    case keyMaterial = "key_material"
    // Sets
    case duplicateResource = "duplicate_resource"
    case lastGood = "last_good"
    case writtenByHand = "written_by_hand"

    /// What it tells, in one sentence, for `docs/configuration.md`.
    package var summary: String {
        switch self {
        case .setting: "A setting of `tulled` itself is wrong."
        case .fileUnreadable: "A file could not be read; what it held before stays in force."
        case .fileUnwritable: "A file could not be written or removed: an applied one, or a last good version."
        case .fileTooLarge: "A file, or all files together, have more bytes than the bound."
        case .tooManyFiles: "There are more files or folders than the bound; the rest is not read."
        case .directoryUnreadable: "A folder can't be read; what it held before stays in force."
        case .documentTooLarge: "A document has more bytes than the bound."
        case .tooManyDocuments: "A file has more documents than the bound; the rest is not read."
        case .tooManyResources: "There are more resources than the bound; the rest is refused."
        case .yamlSyntax: "A document is not YAML."
        case .keyNotText: "A key of a mapping is no text."
        case .duplicateKey: "A mapping has a key twice."
        case .tooDeep: "Lists and mappings are nested deeper than the bound."
        case .tooManyNodes: "A file has more values than the bound, aliases expanded."
        case .unknownKind: "The kind is missing or none that Tulle knows."
        case .unknownVersion: "The apiVersion is missing or none that the kind has."
        case .badMetadata: "The name, namespace, labels or annotations are not allowed."
        case .missingField: "A required field is missing."
        case .unknownField: "There is no such field; the message lists those that are allowed."
        case .unsupportedField: "The API has this field, but Tulle does not carry it out."
        case .unsupportedValue: "The API has this value, but Tulle does not carry it out."
        case .wrongType: "A value has another type than its field, such as a number without quotes for a text."
        case .badValue: "A text does not have its field's form."
        case .outOfRange: "A number or a length is out of its field's range."
        case .tooManyValues: "A list or mapping has more entries than the bound, or fewer than are needed."
        case .oneOf: "Fields exclude each other, or none of several is set."
        case .tooManyDiagnostics: "A document has more faults than are shown."
        case .contradiction: "Fields contradict each other."
        case .duplicateValue: "A value occurs twice where each may occur once."
        case .widens: "What Tulle can enforce of a policy would allow or deny more than was written."
        case .notAtL4: "A part of a policy can't be enforced without a waypoint; less is allowed."
        case .noEffect: "Something is allowed but has no effect."
        case .keyMaterial: "A document holds private key material."
        case .duplicateResource: "A resource is declared twice; the first one, by file and line, is in force."
        case .lastGood: "A resource became invalid; its last good version stays in force."
        case .writtenByHand: "The admin API won't change what stands in a file that it has not written."
        }
    }
}
