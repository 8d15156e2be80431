/// The sections of AWS's shared configuration and credentials files.
package struct ProfileFile: Sendable, Hashable {
    /// Settings of each profile, by the profile's name.
    package private(set) var profiles: [String: [String: String]] = [:]

    /// Longer files are refused.
    package static let maximumBytes = 1024 * 1024

    /// How a file names its sections.
    package enum Kind: Sendable {
        /// `~/.aws/config`: `[profile name]`, but plain `[default]`; other sections are left out.
        case configuration
        /// `~/.aws/credentials`: `[name]`.
        case credentials
    }

    /// No profiles.
    package init() {}

    /// Reads a file's text.
    ///
    /// Settings nested under another, by indentation, are left out; a line that is neither a section nor a setting is
    /// an error that names its number.
    package init(parsing text: String, kind: Kind) throws(ProfileFileError) {
        guard text.utf8.count <= Self.maximumBytes else { throw .tooLarge(text.utf8.count) }
        var section: String?
        var hasSection = false
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            let trimmed = Self.trim(line)
            if trimmed.isEmpty || trimmed.hasPrefix("#") || trimmed.hasPrefix(";") { continue }
            if trimmed.hasPrefix("[") {
                guard let end = trimmed.firstIndex(of: "]") else { throw .malformed(line: index + 1) }
                hasSection = true
                section = Self.profileName(
                    Self.trim(trimmed[trimmed.index(after: trimmed.startIndex)..<end]),
                    kind: kind
                )
                if let section { self.profiles[section, default: [:]] = self.profiles[section] ?? [:] }
                continue
            }
            if line.first == " " || line.first == "\t" { continue }
            guard hasSection, let equals = trimmed.firstIndex(of: "=") else { throw .malformed(line: index + 1) }
            guard let section else { continue }
            let name = Self.trim(trimmed[..<equals]).lowercased()
            self.profiles[section]?[name] = Self.value(trimmed[trimmed.index(after: equals)...])
        }
    }

    /// Adds another file's settings; where both have one, the other's stays.
    package mutating func merge(_ other: ProfileFile) {
        self.profiles.merge(other.profiles) { mine, theirs in mine.merging(theirs) { _, their in their } }
    }

    private static func profileName(_ header: Substring, kind: Kind) -> String? {
        switch kind {
        case .credentials: return String(header)
        case .configuration:
            if header == "default" { return "default" }
            guard header.hasPrefix("profile") else { return nil }
            let rest = header.dropFirst("profile".count)
            guard rest.first == " " || rest.first == "\t" else { return nil }
            let name = Self.trim(rest)
            return name.first == "\"" && name.last == "\"" && name.count > 1
                ? String(name.dropFirst().dropLast()) : String(name)
        }
    }

    /// The value without a comment, which starts after white space.
    private static func value(_ text: Substring) -> String {
        var end = text.endIndex
        for mark in [" #", "\t#", " ;", "\t;"] {
            if let range = text.firstRange(of: mark) { end = min(end, range.lowerBound) }
        }
        return String(Self.trim(text[..<end]))
    }

    private static func trim(_ text: Substring) -> Substring {
        let start = text.drop { $0 == " " || $0 == "\t" }
        guard let last = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return start[...last]
    }
}

/// Why a shared configuration or credentials file cannot be read.
package enum ProfileFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// More bytes than `ProfileFile.maximumBytes`.
    case tooLarge(Int)
    /// Neither a section nor `name = value`.
    case malformed(line: Int)

    package var description: String {
        switch self {
        case .tooLarge(let bytes): "the file has \(bytes) bytes; at most \(ProfileFile.maximumBytes) are read"
        case .malformed(let line): "line \(line) is neither [section] nor name = value"
        }
    }
}
