package import MeshModel

/// What an authorizer changes about a request that may pass.
package struct AuthorizerChanges: Sendable, Hashable {
    /// Fields that replace those of their name.
    package var set: [HeaderField] = []
    /// Fields that follow those of their name.
    package var appended: [HeaderField] = []
    /// Fields that are added where none of their name is there.
    package var addedIfAbsent: [HeaderField] = []
    /// Fields that replace those of their name where there are some.
    package var replaced: [HeaderField] = []
    /// Names of fields that go.
    package var removed: [String] = []
    /// Parameters of the query that replace those of their name.
    package var parameters: [Parameter] = []
    /// Names of parameters that go.
    package var removedParameters: [String] = []
    /// Fields that the response gets.
    package var responseFields: [HeaderField] = []

    /// A parameter of a query, not encoded.
    package struct Parameter: Sendable, Hashable {
        package var name: String
        package var value: String
    }

    /// Changes the request: fields go first, then others come.
    package func apply(to view: inout RequestView) {
        for name in self.removed { view.fields.remove(named: name) }
        for field in self.set { view.fields.set(field.name, field.value) }
        for field in self.replaced where view.fields.contains(where: { $0.name == field.name }) {
            view.fields.set(field.name, field.value)
        }
        for field in self.addedIfAbsent where !view.fields.contains(where: { $0.name == field.name }) {
            view.fields.append(field)
        }
        view.fields += self.appended
        let names = self.removedParameters + self.parameters.map(\.name)
        guard !names.isEmpty else { return }
        var query = view.query.flatMap { QueryPairs($0).removing(names) } ?? ""
        for parameter in self.parameters {
            if !query.isEmpty { query += "&" }
            query += PercentEncoding.encode(parameter.name) + "=" + PercentEncoding.encode(parameter.value)
        }
        view.query = query.isEmpty ? nil : query
    }
}

/// The answer that the client gets instead.
package struct AuthorizerDenial: Sendable, Hashable {
    package var status: Int
    package var fields: [HeaderField] = []
    package var body: [UInt8] = []
    /// The response code detail, for access logs.
    package var detail = "ext_authz_denied"

    /// A body was too large to be asked about.
    package static let tooLarge = AuthorizerDenial(status: 413, detail: "request_payload_too_large")
}

/// What an authorizer says.
package enum AuthorizerAnswer: Sendable, Hashable {
    /// The request may pass with these changes.
    case allow(AuthorizerChanges)
    /// It may not.
    case deny(AuthorizerDenial)
}

/// Why there is no answer that could be followed.
package enum AuthorizerFault: Error, Hashable, Sendable {
    /// It could not be reached, or did not answer in time.
    case unavailable
    /// It answered with a status that says that it failed.
    case failed
    /// What it wants changed cannot be: a name or value of a field, or too many.
    case invalidChange(String)
    /// What it says contradicts itself.
    case unclear
    /// The request cannot be put into the check's form: its body is no text, and bytes are not asked for.
    case unsendable
}
