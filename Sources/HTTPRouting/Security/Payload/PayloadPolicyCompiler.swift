import MeshProtos

/// Reads one PayloadPolicy.
struct PayloadPolicyCompiler {
    /// How deep rules may nest.
    static let maximumDepth = 8

    private let policy: TulleL7.PayloadPolicy
    private var pointers: [JSONPointer] = []
    private var fields: [String] = []
    private var patterns: [RegularExpression] = []
    private var readsText = false
    private var readsBody = false

    /// The policy, ready to be asked.
    static func compile(_ policy: TulleL7.PayloadPolicy) throws(PolicyFault) -> CompiledPayloadPolicy {
        var compiler = PayloadPolicyCompiler(policy: policy)
        var rules: [PayloadRule] = []
        for rule in policy.rules { rules.append(try compiler.rule(rule, depth: 0)) }
        return CompiledPayloadPolicy(
            policy: policy,
            scope: try compiler.scope(),
            rules: rules,
            pointers: compiler.pointers,
            fields: compiler.fields,
            patterns: compiler.patterns,
            readsText: compiler.readsText,
            readsBody: compiler.readsBody
        )
    }

    private init(policy: TulleL7.PayloadPolicy) { self.policy = policy }

    private func scope() throws(PolicyFault) -> PayloadScope {
        guard (0...2).contains(self.policy.action.rawValue) else {
            throw self.fault("action \(self.policy.action.rawValue) is none that a waypoint knows")
        }
        for reaction in [self.policy.oversize, self.policy.malformed, self.policy.compressed]
        where !(0...2).contains(reaction.rawValue) {
            throw self.fault("reaction \(reaction.rawValue) is none that a waypoint knows")
        }
        guard self.policy.status == 0 || (200...599).contains(self.policy.status) else {
            throw self.fault("status \(self.policy.status) must be 200...599")
        }
        var paths: [PathPattern] = []
        for text in self.policy.paths {
            guard let path = PathPattern(parsing: text) else { throw self.fault("path \(text) is no template") }
            paths.append(path)
        }
        let types = try self.types(self.policy.contentTypes)
        return PayloadScope(
            methods: self.policy.methods.map(\.foldedASCII),
            paths: paths,
            types: types,
            origins: self.policy.origins
        )
    }

    private func types(_ texts: [String]) throws(PolicyFault) -> [MediaTypePattern] {
        var types: [MediaTypePattern] = []
        for text in texts {
            guard let type = MediaTypePattern(text) else {
                throw self.fault("content type \(text) must be <type>/<subtype>, with at most one * in the subtype")
            }
            types.append(type)
        }
        return types
    }

    private mutating func rule(_ rule: TulleL7.PayloadPolicy.Rule, depth: Int) throws(PolicyFault) -> PayloadRule {
        guard depth < Self.maximumDepth else {
            throw self.fault("rules are nested more than \(Self.maximumDepth) deep")
        }
        switch (rule.all, rule.any, rule.none, rule.field) {
        case (let list?, nil, nil, nil): return .all(try self.rules(list, depth))
        case (nil, let list?, nil, nil): return .any(try self.rules(list, depth))
        case (nil, nil, let list?, nil): return .none(try self.rules(list, depth))
        case (nil, nil, nil, let field?): return .field(try self.condition(field))
        default: throw self.fault("a rule must have exactly one of all, any, none and field")
        }
    }

    private mutating func rules(
        _ list: TulleL7.PayloadPolicy.RuleList,
        _ depth: Int
    ) throws(PolicyFault) -> [PayloadRule] {
        guard !list.rules.isEmpty else { throw self.fault("a list of rules is empty") }
        var rules: [PayloadRule] = []
        for rule in list.rules { rules.append(try self.rule(rule, depth: depth + 1)) }
        return rules
    }

    private mutating func condition(_ field: TulleL7.PayloadPolicy.Field) throws(PolicyFault) -> PayloadCondition {
        let test = try self.test(field)
        if case .media = test {
            guard field.pointer.isEmpty, !field.form else { throw self.fault("a content type is not that of a field") }
            return PayloadCondition(place: .type, test: test, ifMissing: field.ifMissing)
        }
        self.readsBody = true
        let place: PayloadPlace
        if field.form {
            let number = self.fields.firstIndex { $0.utf8.elementsEqual(field.pointer.utf8) } ?? self.fields.count
            if number == self.fields.count { self.fields.append(field.pointer) }
            place = .form(number)
        } else if field.pointer.isEmpty, field.operator == .found, case .regex(let pattern) = test {
            let number = self.patterns.firstIndex { $0.text.utf8.elementsEqual(pattern.text.utf8) }
            place = .anywhere(number ?? self.patterns.count)
            if number == nil { self.patterns.append(pattern) }
        } else if field.pointer.isEmpty {
            place = .body
            switch test {
            case .longer, .exists: break
            default: self.readsText = true
            }
        } else {
            guard let pointer = JSONPointer(field.pointer) else {
                throw self.fault("pointer \(field.pointer) must begin with / and have ~ as ~0 or ~1 only (RFC 6901)")
            }
            let number = self.pointers.firstIndex(of: pointer) ?? self.pointers.count
            if number == self.pointers.count { self.pointers.append(pointer) }
            place = .json(number)
        }
        return PayloadCondition(place: place, test: test, ifMissing: field.ifMissing)
    }

    private func test(_ field: TulleL7.PayloadPolicy.Field) throws(PolicyFault) -> PayloadTest {
        switch field.operator {
        case .exists: return .exists(field.values.first != "false")
        case .equals, .in:
            guard !field.values.isEmpty else { throw self.fault("a comparison needs values") }
            return .equals(field.values)
        case .startsWith:
            guard !field.values.isEmpty else { throw self.fault("a comparison needs values") }
            return .startsWith(field.values)
        case .regex:
            let text = try self.value(field)
            do {
                return .regex(try RegularExpression(text))
            } catch {
                throw self.fault("pattern \(text): \(error)")
            }
        case .found:
            let text = try self.value(field)
            do {
                return .regex(try RegularExpression(text, anywhere: true))
            } catch {
                throw self.fault("pattern \(text): \(error)")
            }
        case .contentType:
            guard !field.values.isEmpty else { throw self.fault("a comparison needs values") }
            return .media(try self.types(field.values))
        case .less: return .number(try self.number(field)) { $0 < 0 }
        case .lessOrEqual: return .number(try self.number(field)) { $0 <= 0 }
        case .greater: return .number(try self.number(field)) { $0 > 0 }
        case .greaterOrEqual: return .number(try self.number(field)) { $0 >= 0 }
        case .lengthGreater:
            let text = try self.value(field)
            guard let count = Int(text), count >= 0 else { throw self.fault("length \(text) must be a whole number") }
            return .longer(than: count)
        default: throw self.fault("operator \(field.operator.rawValue) is none that a waypoint knows")
        }
    }

    private func number(_ field: TulleL7.PayloadPolicy.Field) throws(PolicyFault) -> String {
        let text = try self.value(field)
        guard JSONNumber.compare(text, "0") != nil else { throw self.fault("value \(text) must be a number") }
        return text
    }

    private func value(_ field: TulleL7.PayloadPolicy.Field) throws(PolicyFault) -> String {
        guard field.values.count == 1, let value = field.values.first else {
            throw self.fault("a comparison needs exactly one value")
        }
        return value
    }

    private func fault(_ reason: String) -> PolicyFault {
        PolicyFault(policy: "\(self.policy.namespace)/\(self.policy.name)", reason: reason)
    }
}
