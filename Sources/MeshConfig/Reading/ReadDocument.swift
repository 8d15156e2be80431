/// One document of a file as it was read.
package struct ReadDocument: Sendable, Hashable {
    /// Its number in the file, counted from 0, items of lists counted each.
    package var index: Int
    /// The line of its first key, counted from 1.
    package var line: Int
    /// What tells its text from another, for documents whose key can't be read.
    package var fingerprint: UInt64
    /// Which resource it is; nil where that can't be read.
    package var key: ResourceKey?
    /// The resource; nil where there was an error.
    package var resource: DeclaredResource?
    /// What is wrong with it; warnings alone leave the resource.
    package var diagnostics: [ConfigurationDiagnostic]
    /// Its text, where the reader was asked to keep it: as written, or as JSON for an item of a list.
    package var text: String?
}

/// A file as it was read.
package struct ReadFile: Sendable, Hashable {
    /// Its path below the configuration's directory.
    package var path: String
    /// Its documents, in order.
    package var documents: [ReadDocument]
    /// What is wrong with the file as a whole.
    package var diagnostics: [ConfigurationDiagnostic]
    /// Whether all of it was read. Where not, nobody knows what it no longer declares.
    package var isComplete: Bool
    /// Whether nobody knows what is below the path either: it is, or may be, a folder that could not be looked at. An
    /// empty path stands for the whole directory.
    package var hidesBelow: Bool

    /// Makes a file.
    package init(
        path: String,
        documents: [ReadDocument] = [],
        diagnostics: [ConfigurationDiagnostic] = [],
        isComplete: Bool = true,
        hidesBelow: Bool = false
    ) {
        self.path = path
        self.documents = documents
        self.diagnostics = diagnostics
        self.isComplete = isComplete
        self.hidesBelow = hidesBelow
    }

    /// The resources of all its documents that have no error.
    package var resources: [DeclaredResource] { self.documents.compactMap(\.resource) }

    /// All that is wrong with it.
    package var allDiagnostics: [ConfigurationDiagnostic] {
        self.diagnostics + self.documents.flatMap(\.diagnostics)
    }
}
