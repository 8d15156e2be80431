import MeshConfig

/// Configuration that was read from files, without a mesh.
struct LocalConfiguration: Sendable {
    /// What is sound.
    var resources: [DeclaredResource] = []
    /// The keys of all documents that have one, sound or not, in their order.
    var keys: [ResourceKey] = []
    /// What is wrong, in the order of files and lines.
    var diagnostics: [ConfigurationDiagnostic] = []

    /// Reads the inputs. A key that two documents have is an error at the second one.
    init(_ inputs: [ConfigurationInput]) {
        let reader = ConfigurationReader()
        var first: [ResourceKey: String] = [:]
        for input in inputs {
            let file = reader.read(input.text, path: input.name)
            self.diagnostics += file.diagnostics
            for document in file.documents {
                self.diagnostics += document.diagnostics
                guard let key = document.key else { continue }
                let place = "\(input.name):\(document.line)"
                if let before = first.updateValue(first[key] ?? place, forKey: key) {
                    self.diagnostics.append(
                        ConfigurationDiagnostic(
                            place: .file(input.name, line: document.line),
                            field: "metadata.name",
                            reason: "\(key) is declared at \(before) already",
                            code: .duplicateResource
                        )
                    )
                    continue
                }
                self.keys.append(key)
                if let resource = document.resource { self.resources.append(resource) }
            }
        }
    }

    /// How many diagnostics are of a severity.
    func count(_ severity: ConfigurationDiagnostic.Severity) -> Int {
        self.diagnostics.count { $0.severity == severity }
    }
}
