import AWSClient

/// Lists of small records as columns: known members in a fixed order.
enum RecordTable {
    /// One column: its title, and the members it is read from, the first that is there.
    struct Column: Sendable {
        var title: String
        var members: [String]

        init(_ title: String, _ members: String...) {
            self.title = title
            self.members = members
        }
    }

    /// The table; `nothing` in its place where there are no records.
    static func text(_ records: [JSONValue], _ columns: [Column], nothing: String) -> String {
        guard !records.isEmpty else { return nothing }
        var table = Table(columns.map(\.title))
        for record in records {
            table.add(columns.map { column in column.members.lazy.compactMap { Self.cell(record[$0]) }.first ?? "-" })
        }
        return table.text
    }

    /// One record as `Title: value` lines, its members in their order.
    static func lines(_ record: JSONValue) -> String {
        let members = (record.object ?? [:]).map { (name: $0.name, text: Self.cell($0.value) ?? "-") }
        let width = members.map(\.name.count).max() ?? 0
        return members.map { member in
            "\(member.name):\(String(repeating: " ", count: width - member.name.count + 2))\(member.text)"
        }
        .joined(separator: "\n")
    }

    private static func cell(_ json: JSONValue?) -> String? {
        switch json {
        case nil, .null: nil
        case .string(let text): text.isEmpty ? nil : PlainLine.text(text)
        case .array(let values): values.isEmpty ? nil : values.map { Self.cell($0) ?? "-" }.joined(separator: ",")
        case let other?: PlainLine.text(other.text())
        }
    }
}
