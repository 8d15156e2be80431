/// The version of the data planes.
package enum Version {
    /// Shown by the `version` command, sent as node metadata and in the build metric.
    package static let text: StaticString = "0.1.0"
}
