import AWSClient

/// `tulle apply`: gives documents to the control plane, one file at a time, and tells what became of each resource.
struct ApplyResources: Sendable {
    /// Whether the control plane only says what it would do.
    var isDryRun = false

    /// What became of one resource.
    struct Outcome: Sendable, Hashable {
        var kind: String
        var namespace: String
        var name: String
        /// `created`, `configured`, `unchanged` or `refused`.
        var action: String
        var diagnostics: [StoredResource.Diagnostic]

        /// Reads a result of `POST /v1/resources`; `file` stands for the input that has no name there.
        init(_ json: JSONValue, file: String) {
            self.kind = json["kind"]?.string ?? "-"
            self.namespace = json["namespace"]?.string ?? ""
            self.name = json["name"]?.string ?? "-"
            self.action = json["action"]?.string ?? "-"
            self.diagnostics = (json["diagnostics"]?.array ?? []).map { json in
                var diagnostic = StoredResource.Diagnostic(json)
                if diagnostic.file == "-" { diagnostic.file = file }
                return diagnostic
            }
        }

        /// As kubectl writes it: `authorizationpolicy/shop/allow created`.
        var line: String {
            // Of a document that can't be read there is only the place.
            if self.name.isEmpty || self.name == "-", let place = self.diagnostics.first {
                let line = place.line.map { ":\($0)" } ?? ""
                return PlainLine.text("\(place.file)\(line) \(self.action)")
            }
            let name = self.namespace.isEmpty ? self.name : "\(self.namespace)/\(self.name)"
            return PlainLine.text("\(self.kind.lowercased())/\(name) \(self.action)")
        }
    }

    /// Gives one document stream to the control plane.
    func outcomes(of input: ConfigurationInput, _ admin: AdminClient) async throws -> [Outcome] {
        let answer = try await admin.call(
            "POST",
            "/v1/resources",
            query: [("dryRun", self.isDryRun ? "true" : nil)],
            body: .yaml(input.text)
        )
        return (answer["results"]?.array ?? []).map { Outcome($0, file: input.name) }
    }

    /// Gives all inputs to the control plane.
    /// - Throws: `CommandFailure` when something was refused, after all of them, or when there was nothing in them.
    func run(_ inputs: [ConfigurationInput], _ admin: AdminClient, console: Console) async throws {
        var refused = 0
        var isEmpty = true
        for input in inputs where !input.text.allSatisfy(\.isWhitespace) {
            for outcome in try await self.outcomes(of: input, admin) {
                isEmpty = false
                console.result(outcome.line + (self.isDryRun ? " (dry run)" : ""))
                for diagnostic in outcome.diagnostics { console.warning("\(diagnostic)") }
                if outcome.action == "refused" { refused += 1 }
            }
        }
        guard !isEmpty else {
            let names = inputs.prefix(3).map { $0.name == "-" ? "the standard input" : $0.name }
            throw CommandFailure(
                "there is no document in \(names.joined(separator: ", "))",
                hint: "a document begins with apiVersion and kind; nothing was applied"
            )
        }
        guard refused == 0 else {
            throw CommandFailure(
                "\(refused) resource\(refused == 1 ? " was" : "s were") refused; what was in force before stays so",
                hint: "mend what the lines above name, and apply again; 'tulle validate' says the same without a mesh"
            )
        }
    }
}
