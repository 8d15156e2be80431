import AWSClient

/// The files of an authority as members of one JSON object: name to PEM text, in a secret of AWS Secrets Manager.
struct SecretFiles: AuthorityFiles, CustomStringConvertible, CustomReflectable {
    /// The largest secret that AWS keeps, in bytes.
    static let bytes = 65_536

    let place: String
    private let texts: [String: String]

    /// Reads a secret. Members that are no file of an authority are passed over.
    ///
    /// - Throws: `AuthorityError` with `authority_file_invalid`. Nothing of the content is quoted.
    init(_ value: SecretValue, place: String) throws(AuthorityError) {
        func invalid(_ text: String) -> AuthorityError { AuthorityError(.authorityFileInvalid, "\(place) \(text)") }
        guard let text = value.text else {
            throw invalid("is stored as bytes: store a JSON object of texts, as SecretString")
        }
        guard text.utf8.count <= Self.bytes else {
            throw invalid("holds \(text.utf8.count) bytes, at most \(Self.bytes) are accepted")
        }
        guard let members = (try? JSONValue(parsing: text))?.object else {
            throw invalid("holds no JSON object, which must map names of files to PEM texts")
        }
        var texts: [String: String] = [:]
        for name in AuthorityFileNames.istio.all + AuthorityFileNames.secret.all {
            guard let member = members[name] else { continue }
            guard let text = member.string else { throw invalid("has '\(name)', which is no text") }
            texts[name] = text
        }
        self.place = place
        self.texts = texts
    }

    func has(_ name: String) -> Bool { self.texts[name] != nil }

    func read(_ name: String) throws(AuthorityError) -> [UInt8] {
        guard let text = self.texts[name] else {
            throw AuthorityError(
                .authorityFileMissing,
                "\(self.place) has no '\(name)': an authority is all of its files"
            )
        }
        return Array(text.utf8)
    }

    /// The names, without what they hold.
    var description: String { "\(self.place): \(self.texts.keys.sorted().joined(separator: ", "))" }

    /// The names, without what they hold: what `dump` reads.
    var customMirror: Mirror { Mirror(self, children: ["names": self.texts.keys.sorted()]) }
}
