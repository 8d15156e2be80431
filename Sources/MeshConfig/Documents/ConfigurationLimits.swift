/// What configuration may cost. All bounds of declared resources stand here; what passes one is refused, with a
/// diagnostic that names the bound.
package struct ConfigurationLimits: Hashable, Sendable {
    /// Bytes of one file.
    package var fileBytes = 4 << 20
    /// Bytes of one document of a file.
    package var documentBytes = 1 << 20
    /// Documents of one file, items of lists counted.
    package var documents = 10_000
    /// Lists and mappings inside each other.
    package var depth = 32
    /// Values and keys of one file, aliases expanded.
    package var nodes = 200_000
    /// Labels of one resource, and annotations.
    package var labels = 64
    /// Bytes of one annotation's value.
    package var annotationBytes = 16 << 10
    /// Rules of one policy.
    package var policyRules = 1_000
    /// Values of one list that has no smaller bound of its API.
    package var fieldValues = 4_096
    /// Diagnostics that are kept of one document; further ones are counted only.
    package var documentDiagnostics = 64
    /// Files of a directory.
    package var files = 10_000
    /// Folders of a directory, itself counted: each costs one inotify watch.
    package var folders = 1_000
    /// Folders inside each other.
    package var folderDepth = 16
    /// Bytes of all files of a directory together.
    package var directoryBytes = 256 << 20
    /// Resources in force.
    package var resources = 100_000

    /// The defaults.
    package init() {}

    /// The bounds that schemas name.
    package static let standard = ConfigurationLimits()
}
