/// Collects the diagnostics of one document, up to a bound.
struct FaultReport: Sendable {
    let file: String
    let limit: Int
    private(set) var diagnostics: [ConfigurationDiagnostic] = []
    /// Whether there was an error, kept or not.
    private(set) var hasErrors = false
    private var left = 0
    private var line: Int?

    init(file: String, limit: Int) {
        self.file = file
        self.limit = limit
    }

    /// Whether further faults are counted only.
    var isFull: Bool { self.diagnostics.count >= self.limit }

    mutating func error(_ code: ConfigurationCode, _ field: String, _ reason: String, at mark: DocumentMark?) {
        self.hasErrors = true
        self.add(.error, code, field, reason, at: mark)
    }

    mutating func warning(_ code: ConfigurationCode, _ field: String, _ reason: String, at mark: DocumentMark?) {
        self.add(.warning, code, field, reason, at: mark)
    }

    /// What is to be shown, with a last one that counts those left out.
    func finished() -> [ConfigurationDiagnostic] {
        guard self.left > 0 else { return self.diagnostics }
        let rest = ConfigurationDiagnostic(
            place: .file(self.file, line: self.line),
            field: "",
            reason: "\(self.left) more faults in this document",
            severity: self.hasErrors ? .error : .warning,
            code: .tooManyDiagnostics
        )
        return self.diagnostics + [rest]
    }

    private mutating func add(
        _ severity: ConfigurationDiagnostic.Severity,
        _ code: ConfigurationCode,
        _ field: String,
        _ reason: String,
        at mark: DocumentMark?
    ) {
        guard !self.isFull else {
            self.left += 1
            return
        }
        self.line = self.line ?? mark?.line
        self.diagnostics.append(
            ConfigurationDiagnostic(
                place: .file(self.file, line: mark?.line),
                column: mark?.column,
                field: field,
                reason: reason,
                severity: severity,
                code: code
            )
        )
    }
}
