/// Reads a file of declared resources: a stream of YAML documents, or JSON, which is YAML.
///
/// Documents stand for themselves: one with faults, and even one that is no YAML at all, leaves its neighbours as they
/// are. All faults are found in one go and name line, column and field.
package struct ConfigurationReader: Sendable {
    private let limits: ConfigurationLimits
    private let keepsText: Bool

    /// A reader with bounds.
    ///
    /// - Parameter keepsText: whether documents keep their text.
    package init(limits: ConfigurationLimits = .standard, keepsText: Bool = false) {
        self.limits = limits
        self.keepsText = keepsText
    }

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - bytes: the file's content, in UTF-8.
    ///   - path: its path, for the diagnostics.
    package func read(_ bytes: [UInt8], path: String) -> ReadFile {
        guard bytes.count <= self.limits.fileBytes else {
            return self.refused(
                path,
                .fileTooLarge,
                "the file has \(bytes.count) bytes, at most \(self.limits.fileBytes) are allowed"
            )
        }
        let chunks = DocumentSplitter.split(bytes, limit: self.limits.documents)
        var reading = FileReading(path: path, limits: self.limits, keepsText: self.keepsText)
        for chunk in chunks.prefix(self.limits.documents) { reading.read(chunk) }
        if chunks.count > self.limits.documents { reading.refuseRest() }
        return reading.file
    }

    /// Reads a text.
    package func read(_ text: String, path: String) -> ReadFile { self.read(Array(text.utf8), path: path) }

    private func refused(_ path: String, _ code: ConfigurationCode, _ reason: String) -> ReadFile {
        let fault = ConfigurationDiagnostic(place: .file(path, line: nil), field: "", reason: reason, code: code)
        return ReadFile(path: path, diagnostics: [fault], isComplete: false)
    }
}

/// The reading of one file.
private struct FileReading {
    let limits: ConfigurationLimits
    let keepsText: Bool
    var file: ReadFile
    private var nodes = 0

    init(path: String, limits: ConfigurationLimits, keepsText: Bool) {
        self.limits = limits
        self.keepsText = keepsText
        self.file = ReadFile(path: path)
    }

    mutating func read(_ chunk: DocumentSplitter.Chunk) {
        let fingerprint = Fingerprint.of(chunk.text)
        guard chunk.text.count <= self.limits.documentBytes else {
            let reason = "the document has \(chunk.text.count) bytes, at most \(self.limits.documentBytes) are allowed"
            let mark = DocumentMark(line: chunk.firstLine, column: 1)
            return self.refuse(DocumentFault(.documentTooLarge, reason, at: mark), fingerprint: fingerprint)
        }
        let (result, nodes) = DocumentParser.read(
            chunk.text,
            firstLine: chunk.firstLine,
            limits: self.limits,
            nodesLeft: self.limits.nodes - self.nodes
        )
        switch result {
        case .success(let node):
            // A refused document takes nothing from the others: its values are gone again, and the time that it took
            // is bounded by its bytes.
            self.nodes += nodes
            if let node, !node.isNull { self.take(node, of: chunk, fingerprint: fingerprint) }
        case .failure(var fault):
            // What is missing at the end is found on the line after it, which there may not be.
            fault.mark.line = min(fault.mark.line, chunk.lastLine)
            self.refuse(fault, fingerprint: fingerprint)
        }
    }

    mutating func refuseRest() {
        guard self.file.isComplete else { return }
        self.file.isComplete = false
        self.file.diagnostics.append(
            ConfigurationDiagnostic(
                place: .file(self.file.path, line: nil),
                field: "",
                reason: "the file has more than \(self.limits.documents) documents; the rest is not read",
                code: .tooManyDocuments
            )
        )
    }

    /// Takes a document, or each item of a `List` (as `kubectl get -o yaml` writes it).
    private mutating func take(_ node: DocumentNode, of chunk: DocumentSplitter.Chunk, fingerprint: UInt64) {
        guard node["kind"]?.text == "List", node["apiVersion"]?.text == "v1" else {
            let text = self.keepsText ? String(decoding: chunk.text, as: UTF8.self) : nil
            return self.add(node, fingerprint: fingerprint, path: "", text: text)
        }
        guard case .list(let items)? = node["items"]?.content else {
            let fault = DocumentFault(.missingField, "a List must have items, a list of resources", at: node.mark)
            return self.refuse(fault, fingerprint: fingerprint)
        }
        for (index, item) in items.enumerated() {
            let text = self.keepsText ? JSONText.write(item.value) + "\n" : nil
            self.add(item, fingerprint: fingerprint &+ UInt64(index), path: "items[\(index)]", text: text)
        }
    }

    private mutating func add(_ node: DocumentNode, fingerprint: UInt64, path: String, text: String?) {
        guard self.file.documents.count < self.limits.documents else { return self.refuseRest() }
        var reader = ResourceReader(file: self.file.path, limits: self.limits)
        let reading = reader.read(node, path: path)
        self.file.documents.append(
            ReadDocument(
                index: self.file.documents.count,
                line: node.mark.line,
                fingerprint: fingerprint,
                key: reading.key,
                resource: reading.resource,
                diagnostics: reading.diagnostics,
                text: text
            )
        )
    }

    private mutating func refuse(_ fault: DocumentFault, fingerprint: UInt64) {
        self.file.documents.append(
            ReadDocument(
                index: self.file.documents.count,
                line: fault.mark.line,
                fingerprint: fingerprint,
                diagnostics: [
                    ConfigurationDiagnostic(
                        place: .file(self.file.path, line: fault.mark.line),
                        column: fault.mark.column,
                        field: "",
                        reason: fault.message,
                        code: fault.code
                    )
                ]
            )
        )
    }
}
