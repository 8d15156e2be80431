import MeshModel
package import MeshProtos

extension AuthorizerPlan {
    /// What the answer to a check by gRPC means.
    package func answer(_ response: EnvoyAuth.CheckResponse) -> AuthorizerAnswer {
        do throws(AuthorizerFault) {
            return try self.read(response)
        } catch {
            return self.answer(to: error)
        }
    }

    private func read(_ response: EnvoyAuth.CheckResponse) throws(AuthorizerFault) -> AuthorizerAnswer {
        let code = response.status?.code ?? 0
        let denied: EnvoyAuth.DeniedResponse
        switch (code, response.answer) {
        case (0, .ok(let changes)?): return .allow(try Self.changes(changes))
        case (0, nil) where response.status != nil: return .allow(AuthorizerChanges())
        // A denial that says OK is no permission, and neither is nothing at all.
        case (0, _): throw .unclear
        case (_, .denied(let answer)?): denied = answer
        case (_, nil): return .deny(AuthorizerDenial(status: 403))
        case (_, .ok?): throw .unclear
        }
        let status = denied.status?.code ?? 0
        guard status == 0 || (200...599).contains(status) else { throw .invalidChange("status \(status)") }
        var denial = AuthorizerDenial(status: status == 0 ? 403 : Int(status), body: Array(denied.body.utf8))
        try Self.checkBounds(denied.headers)
        for option in denied.headers { denial.fields.append(try Self.field(option)) }
        return .deny(denial)
    }

    private static func changes(_ response: EnvoyAuth.OKResponse) throws(AuthorizerFault) -> AuthorizerChanges {
        var changes = AuthorizerChanges()
        try self.checkBounds(
            response.headers + response.responseHeadersToAdd,
            names: response.headersToRemove + response.queryParametersToRemove
                + response.queryParametersToSet.flatMap { [$0.key, $0.value] }
        )
        for option in response.headers {
            let field = try self.field(option)
            if field.value.isEmpty, !option.keepEmptyValue { continue }
            switch (option.append?.value, option.appendAction) {
            case (true?, _): changes.appended.append(field)
            case (_, .addIfAbsent): changes.addedIfAbsent.append(field)
            case (_, .overwriteIfExists): changes.replaced.append(field)
            // Without a word about it the client's own field goes, as it must not stand beside the authorizer's.
            default: changes.set.append(field)
            }
        }
        for name in response.headersToRemove { changes.removed.append(try AuthorizerChangeRules.removal(name)) }
        for option in response.responseHeadersToAdd { changes.responseFields.append(try self.field(option)) }
        for parameter in response.queryParametersToSet {
            guard !parameter.key.isEmpty else { throw .invalidChange("parameter without a name") }
            changes.parameters.append(AuthorizerChanges.Parameter(name: parameter.key, value: parameter.value))
        }
        changes.removedParameters = response.queryParametersToRemove
        return changes
    }

    private static func field(_ option: EnvoyAuth.HeaderValueOption) throws(AuthorizerFault) -> HeaderField {
        guard let header = option.header else { throw .invalidChange("field without a name") }
        guard !header.rawValue.isEmpty else { return try AuthorizerChangeRules.field(header.key, header.value) }
        guard header.value.isEmpty, let text = String(validating: header.rawValue, as: UTF8.self) else {
            throw .invalidChange("value of a field")
        }
        return try AuthorizerChangeRules.field(header.key, text)
    }

    private static func checkBounds(
        _ options: [EnvoyAuth.HeaderValueOption],
        names: [String] = []
    ) throws(AuthorizerFault) {
        var bytes = names.reduce(0) { $0 + $1.utf8.count }
        for option in options {
            guard let header = option.header else { continue }
            bytes += header.key.utf8.count + header.value.utf8.count + header.rawValue.count
        }
        try AuthorizerChangeRules.check(count: options.count + names.count, bytes: bytes)
    }
}
