/// The mesh's state from a file or an environment variable (`LOCAL_XDS_PATH`, `LOCAL_XDS`).
package enum LocalStateSource: Hashable, Sendable {
    /// A YAML file, watched.
    case file(String)
    /// YAML text.
    case inline(String)
}
