/// Why redirect rules could not be read or written.
package struct RedirectError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was tried, what happened and what to check, in one line.
    package var description: String

    /// Takes the line.
    package init(_ description: String) {
        self.description = description
    }
}
