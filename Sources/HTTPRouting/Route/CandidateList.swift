import MeshModel

/// The entries that one path leads to, in order of precedence.
///
/// A long list is cut up by what its entries ask for exactly (a header, a parameter, the authority), so that of a
/// thousand entries that differ in one header's value a request looks at those with its own.
struct CandidateList: Sendable {
    /// What entries are told apart by.
    enum Key: Hashable, Sendable {
        case field(String)
        case parameter(String)
        case authority
    }

    /// The longest list that is not cut up.
    static let longestPlain = 8

    /// Looked at in every case.
    private(set) var plain: [Int32] = []
    private var fields: [(name: String, entries: [String: [Int32]])] = []
    private var parameters: [(name: [UInt8], entries: [String: [Int32]])] = []
    private var authorities: [String: [Int32]] = [:]
    /// Places in `fields` by name, where there are more names than it is quick to try.
    private var fieldPlaces: [String: Int] = [:]

    /// - Parameters:
    ///   - entries: their numbers, rising.
    ///   - conditions: of all entries of the table.
    init(_ entries: [Int32], conditions: [RouteConditions]) {
        guard entries.count > Self.longestPlain else {
            self.plain = entries
            return
        }
        let keys = entries.map { conditions[Int($0)].keys }
        var values: [Key: Set<String>] = [:]
        for (key, value) in keys.joined() { values[key, default: []].insert(value) }
        var grouped: [Key: [String: [Int32]]] = [:]
        for (entry, keys) in zip(entries, keys) {
            // The key that tells most entries apart.
            let best = keys.max {
                (values[$0.key]?.count ?? 0, "\($0.key)") < (values[$1.key]?.count ?? 0, "\($1.key)")
            }
            if let best, (values[best.key]?.count ?? 0) > 1 {
                grouped[best.key, default: [:]][best.value, default: []].append(entry)
            } else {
                self.plain.append(entry)
            }
        }
        for (key, entries) in grouped {
            switch key {
            case .field(let name): self.fields.append((name, entries))
            case .parameter(let name): self.parameters.append((Array(name.utf8), entries))
            case .authority: self.authorities = entries
            }
        }
        if self.fields.count > 4 {
            for (place, field) in self.fields.enumerated() { self.fieldPlaces[field.name] = place }
        }
    }

    /// The first of these entries before `limit` that passes; `limit` without one.
    func first(
        before limit: Int32,
        for request: borrowing RequestView,
        passes: (Int32) -> Bool
    ) -> Int32 {
        var best = Self.first(of: self.plain, before: limit, passes: passes)
        if !self.fieldPlaces.isEmpty {
            for field in request.fields {
                guard let place = self.fieldPlaces[field.name], let value = request.fields.value(of: field.name) else {
                    continue
                }
                best = Self.first(of: self.fields[place].entries[value], before: best, passes: passes)
            }
        } else {
            for (name, entries) in self.fields {
                guard let value = request.fields.value(of: name) else { continue }
                best = Self.first(of: entries[value], before: best, passes: passes)
            }
        }
        if !self.parameters.isEmpty, let query = request.query {
            for (name, entries) in self.parameters {
                guard let range = QueryText.value(of: name, in: query.utf8.span) else { continue }
                let value = String(decoding: Array(query.utf8)[range], as: UTF8.self)
                best = Self.first(of: entries[value], before: best, passes: passes)
            }
        }
        if !self.authorities.isEmpty {
            best = Self.first(of: self.authorities[request.authority], before: best, passes: passes)
        }
        return best
    }

    @inline(__always)
    private static func first(of entries: [Int32]?, before limit: Int32, passes: (Int32) -> Bool) -> Int32 {
        guard let entries else { return limit }
        for entry in entries {
            if entry >= limit { return limit }
            if passes(entry) { return entry }
        }
        return limit
    }
}

extension RouteConditions {
    /// What the entry asks for exactly.
    fileprivate var keys: [(key: CandidateList.Key, value: String)] {
        var keys: [(key: CandidateList.Key, value: String)] = []
        if let value = self.authority?.exactValue { keys.append((.authority, value)) }
        for header in self.headers where !header.isInverted {
            guard let value = header.matcher.exactValue else { continue }
            switch header.subject {
            case .field(let name): keys.append((.field(name), value))
            case .authority: keys.append((.authority, value))
            default: break
            }
        }
        for parameter in self.query {
            guard let value = parameter.matcher.exactValue else { continue }
            keys.append((.parameter(String(decoding: parameter.name, as: UTF8.self)), value))
        }
        return keys
    }
}

extension StringMatcher {
    /// The only text that passes; nil where several do.
    fileprivate var exactValue: String? {
        guard case .exact(let bytes) = self.kind, !self.ignoresCase else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}
