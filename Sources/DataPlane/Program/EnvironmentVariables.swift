@preconcurrency import Glibc

/// The environment of this process. As a whole it is never listed or logged.
package enum EnvironmentVariables {
    /// The values of the variables that are set and have a wanted name.
    ///
    /// A value that isn't UTF-8 is repaired, and then refused by its reader.
    package static func read(where isWanted: (_ name: String) -> Bool) -> [String: String] {
        var values: [String: String] = [:]
        var entry = environ
        while let line = entry.pointee {
            entry += 1
            let text = String(cString: line)
            guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let name = String(text[..<equals])
            guard isWanted(name), values[name] == nil else { continue }
            values[name] = String(text[text.index(after: equals)...])
        }
        return values
    }
}
