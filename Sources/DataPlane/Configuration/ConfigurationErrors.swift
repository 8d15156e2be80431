/// All settings that can't be used, so that they can be fixed in one go.
package struct ConfigurationErrors: Error, Hashable, Sendable {
    /// The settings in the order in which they were read; never empty.
    package var all: [ConfigurationError]

    /// Gathers them.
    package init(all: [ConfigurationError]) { self.all = all }
}
