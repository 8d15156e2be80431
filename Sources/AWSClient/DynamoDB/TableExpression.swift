import Foundation

/// DynamoDB's JSON for values, keys and items.
enum TableJSON {
    static func value(_ value: TableValue) -> JSONValue {
        switch value {
        case .string(let text): ["S": .string(text)]
        case .number(let number): ["N": .string(String(number))]
        case .bytes(let bytes): ["B": .string(Data(bytes).base64EncodedString())]
        }
    }

    /// Nil for types that are not read, and for numbers that are not whole or do not fit.
    static func value(_ json: JSONValue) -> TableValue? {
        if let text = json["S"]?.string { return .string(text) }
        if let text = json["N"]?.string { return Int64(text).map(TableValue.number) }
        if let text = json["B"]?.string { return Data(base64Encoded: text).map { .bytes(Array($0)) } }
        return nil
    }

    static func key(_ key: TableKey) -> JSONValue {
        ["pk": self.value(.string(key.partition)), "sk": self.value(.string(key.sort))]
    }

    static func item(_ key: TableKey, _ fields: [String: TableValue]) -> JSONValue {
        var json = self.key(key)
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) { json[name] = self.value(value) }
        return json
    }

    /// Nil without a key.
    static func item(_ json: JSONValue) -> TableItem? {
        guard let partition = json["pk"]?["S"]?.string, let sort = json["sk"]?["S"]?.string else { return nil }
        var item = TableItem(TableKey(partition, sort))
        for member in json.object ?? JSONObject() where member.name != "pk" && member.name != "sk" {
            item.fields[member.name] = self.value(member.value)
        }
        return item
    }
}

/// The expressions of one request. Names and values go beside the text, so that none can be taken for a word of it.
struct TableExpression {
    private var names = JSONObject()
    private var values = JSONObject()

    mutating func name(_ name: String) -> String {
        let placeholder = "#n\(self.names.count)"
        self.names[placeholder] = .string(name)
        return placeholder
    }

    mutating func value(_ value: TableValue) -> String {
        let placeholder = ":v\(self.values.count)"
        self.values[placeholder] = TableJSON.value(value)
        return placeholder
    }

    mutating func condition(_ condition: TableCondition) -> String {
        switch condition {
        case .absent: return "attribute_not_exists(\(self.name("pk")))"
        case .present: return "attribute_exists(\(self.name("pk")))"
        case .equal(let fields):
            let terms = fields.sorted { $0.key < $1.key }.map { "\(self.name($0.key)) = \(self.value($0.value))" }
            return (terms.isEmpty ? ["attribute_exists(\(self.name("pk")))"] : terms).joined(separator: " AND ")
        }
    }

    mutating func update(set: [String: TableValue], add: [String: Int64]) -> String {
        let sets = set.sorted { $0.key < $1.key }.map { "\(self.name($0.key)) = \(self.value($0.value))" }
        let adds = add.sorted { $0.key < $1.key }.map { "\(self.name($0.key)) \(self.value(.number($0.value)))" }
        let parts = [("SET", sets), ("ADD", adds)].filter { !$0.1.isEmpty }
        return parts.map { "\($0.0) \($0.1.joined(separator: ", "))" }.joined(separator: " ")
    }

    /// Adds what the placeholders stand for to a request.
    func complete(_ body: inout JSONValue) {
        if !self.names.isEmpty { body["ExpressionAttributeNames"] = .object(self.names) }
        if !self.values.isEmpty { body["ExpressionAttributeValues"] = .object(self.values) }
    }
}
