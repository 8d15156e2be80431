/// The version of this program.
package enum Version {
    /// Shown by `ztunnel version`, sent as node metadata and in the build metric.
    package static let text: StaticString = "0.1.0"
}
