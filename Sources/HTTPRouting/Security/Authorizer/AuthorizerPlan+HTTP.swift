package import MeshModel
import MeshProtos

extension AuthorizerPlan {
    /// Fields that every check has (Envoy, ext_authz over HTTP).
    private static let alwaysChecked: Set<String> = ["authorization"]
    /// Fields that a denial has beside those that are listed.
    private static let alwaysTold: Set<String> = ["www-authenticate", "location"]

    /// The request that asks: the client's method, path and authority, its listed fields, and the body's beginning where it
    /// is wanted.
    package func check(_ view: RequestView, body: AuthorizerBody?) -> (head: HTTPRequestHead, body: [UInt8]) {
        var fields: [HeaderField] = []
        for field in view.fields
        where AuthorizerChangeRules.isOpen(field.name) || field.name == "x-forwarded-client-cert" {
            guard Self.alwaysChecked.contains(field.name) || self.checked.fits(field.name) else { continue }
            fields.append(field)
        }
        for field in self.settings.headersToAdd { fields.set(field.name.foldedASCII, field.value) }
        let bytes = body?.bytes ?? []
        if let body { fields.set("x-envoy-auth-partial-body", body.isPartial ? "true" : "false") }
        fields.set("content-length", "\(bytes.count)")
        let query = view.query.map { "?" + $0 } ?? ""
        let head = HTTPRequestHead(
            method: view.method,
            scheme: view.scheme,
            authority: view.authority,
            path: self.settings.pathPrefix + view.path + query,
            fields: fields
        )
        return (head, bytes)
    }

    /// What the answer means: 200 lets the request pass, 5xx is a failure, anything else is what the client gets.
    package func answer(_ head: HTTPResponseHead, body: [UInt8]) -> AuthorizerAnswer {
        do throws(AuthorizerFault) {
            return try self.read(head, body)
        } catch {
            return self.answer(to: error)
        }
    }

    private func read(_ head: HTTPResponseHead, _ body: [UInt8]) throws(AuthorizerFault) -> AuthorizerAnswer {
        guard (200...499).contains(head.status) else { throw .failed }
        guard head.status == 200 else {
            var denial = AuthorizerDenial(status: head.status, body: body)
            denial.fields = try self.told(head.fields) { name in
                self.downstreamOnDeny.isEmpty || Self.alwaysTold.contains(name) || self.downstreamOnDeny.fits(name)
            }
            return .deny(denial)
        }
        var changes = AuthorizerChanges()
        for field in try self.told(head.fields, where: { self.upstream.fits($0) }) {
            // Several of one name replace the client's together.
            if changes.set.contains(where: { $0.name == field.name }) {
                changes.appended.append(field)
            } else {
                changes.set.append(field)
            }
        }
        changes.responseFields = try self.told(head.fields) { self.downstreamOnAllow.fits($0) }
        return .allow(changes)
    }

    /// The fields of an answer that go on, without those that frame the answer itself.
    private func told(
        _ fields: [HeaderField],
        where isTold: (String) -> Bool
    ) throws(AuthorizerFault) -> [HeaderField] {
        var told: [HeaderField] = []
        var bytes = 0
        for field in fields where AuthorizerChangeRules.isOpen(field.name) && isTold(field.name) {
            told.append(try AuthorizerChangeRules.field(field.name, field.value))
            bytes += field.name.utf8.count + field.value.utf8.count
        }
        try AuthorizerChangeRules.check(count: told.count, bytes: bytes)
        return told
    }
}
