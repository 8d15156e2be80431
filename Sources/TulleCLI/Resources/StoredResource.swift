import AWSClient

/// A resource as the control plane keeps it: what was declared, and how it stands.
struct StoredResource: Sendable {
    /// The whole document.
    let json: JSONValue
    /// The kind's name.
    let kind: String
    /// The namespace; empty for kinds that have none.
    let namespace: String
    /// The name.
    let name: String

    /// Reads an item of `GET /v1/resources`; nil when it has no kind or name.
    init?(_ json: JSONValue) {
        guard let kind = json["kind"]?.string, let name = json["metadata"]?["name"]?.string else { return nil }
        self.json = json
        self.kind = kind
        self.name = name
        self.namespace = json["metadata"]?["namespace"]?.string ?? ""
    }

    /// One of a resource's conditions.
    struct Condition: Sendable, Hashable {
        var type: String
        var status: String
        var reason: String
        var message: String

        /// Whether it says that something is wrong. A condition whose name ends in `Missing` or `Conflicted` is good
        /// when it is False.
        var isBad: Bool {
            let isNegative = self.type.hasSuffix("Missing") || self.type.hasSuffix("Conflicted")
            return isNegative ? self.status == "True" : self.status == "False"
        }
    }

    /// What was found wrong with a resource when it was read.
    struct Diagnostic: Sendable, Hashable, CustomStringConvertible {
        var file: String
        var line: Int?
        var field: String
        var reason: String
        var severity: String
        var code: String

        init(_ json: JSONValue) {
            self.file = json["file"]?.string ?? "-"
            self.line = json["line"]?.int
            self.field = json["field"]?.string ?? ""
            self.reason = json["reason"]?.string ?? json["message"]?.string ?? ""
            self.severity = json["severity"]?.string ?? "error"
            self.code = json["code"]?.string ?? ""
        }

        var description: String {
            let place = self.line.map { "\(self.file):\($0)" } ?? self.file
            let field = self.field.isEmpty ? "" : "\(self.field): "
            let code = self.code.isEmpty ? "" : " [\(self.code)]"
            return PlainLine.text("\(place): \(self.severity)\(code): \(field)\(self.reason)")
        }
    }

    /// `accepted`, `lastGood` or `refused`.
    var state: String { self.json["status"]?["state"]?.string ?? "-" }

    /// The file and line that it was written at; `-` where nothing says.
    var origin: String {
        guard let file = self.json["status"]?["origin"]?["file"]?.string else { return "-" }
        return self.json["status"]?["origin"]?["line"]?.int.map { "\(file):\($0)" } ?? file
    }

    /// Its conditions.
    var conditions: [Condition] {
        (self.json["status"]?["conditions"]?.array ?? []).compactMap { condition in
            condition["type"]?.string.map { type in
                Condition(
                    type: type,
                    status: condition["status"]?.string ?? condition["status"]?.bool.map { $0 ? "True" : "False" }
                        ?? "",
                    reason: condition["reason"]?.string ?? "",
                    message: condition["message"]?.string ?? ""
                )
            }
        }
    }

    /// What was found wrong with it.
    var diagnostics: [Diagnostic] { (self.json["status"]?["diagnostics"]?.array ?? []).map(Diagnostic.init) }

    /// The document without its status: what may be applied again.
    var declaration: JSONValue {
        var json = self.json
        json["status"] = nil
        return json
    }

    /// `Kind/namespace/name`, without the namespace where there is none.
    var key: String {
        self.namespace.isEmpty ? "\(self.kind)/\(self.name)" : "\(self.kind)/\(self.namespace)/\(self.name)"
    }
}

extension AdminClient {
    /// The resources that the control plane keeps, by kind, namespace and name; nil takes all.
    func resources(kind: String? = nil, namespace: String? = nil, name: String? = nil) async throws -> [StoredResource]
    {
        let answer = try await self.call(
            "GET",
            "/v1/resources",
            query: [("kind", kind), ("namespace", namespace), ("name", name)]
        )
        return (answer["items"]?.array ?? []).compactMap(StoredResource.init)
            .filter { resource in
                // A control plane that knows less of filters answers more than was asked for.
                (kind ?? resource.kind) == resource.kind && (namespace ?? resource.namespace) == resource.namespace
                    && (name ?? resource.name) == resource.name
            }
            .sorted { ($0.kind, $0.namespace, $0.name) < ($1.kind, $1.namespace, $1.name) }
    }
}
