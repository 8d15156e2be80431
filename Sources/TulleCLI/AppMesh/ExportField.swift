import AWSClient

/// One field of an App Mesh export, with the place that errors and the report name it by.
///
/// Reading a field notes it in the ledger. What nobody read is told at the end, so a field of the API that is unknown
/// here can't get lost in silence.
struct ExportField {
    /// The file, as it was given.
    let file: String
    /// The path from the file's top, such as `virtualNode.spec.listeners[0].portMapping.port`.
    let path: String
    /// What stands there.
    let value: JSONValue
    private let ledger: FieldLedger

    /// The top of a document; `path` is what leads to it in its file.
    init(file: String, path: String, value: JSONValue, ledger: FieldLedger) {
        self.file = file
        self.path = path
        self.value = value
        self.ledger = ledger
    }

    /// A member; nil when it is missing or null.
    /// - Throws: `CommandFailure` when this is no object.
    func at(_ name: String) throws(CommandFailure) -> ExportField? {
        guard let members = self.value.object else { throw self.wrong("must be an object") }
        guard let value = members[name], !value.isNull else { return nil }
        return self.child(self.path.isEmpty ? name : "\(self.path).\(name)", value)
    }

    /// A member that must be there.
    /// - Throws: `CommandFailure` that names it.
    func require(_ name: String) throws(CommandFailure) -> ExportField {
        guard let field = try self.at(name) else { throw self.wrong("lacks \"\(name)\"") }
        return field
    }

    /// The only member that is there of several; nil when none is.
    /// - Throws: `CommandFailure` when two are.
    func only(_ names: [String]) throws(CommandFailure) -> (name: String, field: ExportField)? {
        var found: (name: String, field: ExportField)?
        for name in names {
            guard let field = try self.at(name) else { continue }
            guard found == nil else { throw self.wrong("must have only one of \(names.joined(separator: ", "))") }
            found = (name, field)
        }
        return found
    }

    /// The elements of a list.
    func list() throws(CommandFailure) -> [ExportField] {
        guard let values = self.value.array else { throw self.wrong("must be a list") }
        return values.enumerated().map { self.child("\(self.path)[\($0.offset)]", $0.element) }
    }

    /// The text, with at least one character.
    func text() throws(CommandFailure) -> String {
        guard let text = self.value.string, !text.isEmpty else { throw self.wrong("must be a text") }
        self.settle()
        return text
    }

    /// The whole number.
    func number(_ range: ClosedRange<Int>) throws(CommandFailure) -> Int {
        guard let number = self.value.int, range.contains(number) else {
            throw self.wrong("must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        self.settle()
        return number
    }

    /// The truth value.
    func flag() throws(CommandFailure) -> Bool {
        guard let flag = self.value.bool else { throw self.wrong("must be true or false") }
        self.settle()
        return flag
    }

    /// A time, `{"unit": "s", "value": 15}`, in milliseconds.
    func milliseconds() throws(CommandFailure) -> Int {
        let unit = try self.require("unit")
        let value = try self.require("value").number(0...Self.longest)
        switch try unit.text() {
        case "s": return value * 1000
        case "ms": return value
        default: throw unit.wrong("must be s or ms")
        }
    }

    /// The longest time that is read, in its own unit: some 31 years in seconds.
    private static let longest = 999_999_999

    /// Says that this field, with all below it, was dealt with.
    func settle() { self.ledger.settle(self) }

    /// The fields below this one that nobody dealt with: the leaves, in order.
    var unsettled: [ExportField] {
        guard !self.ledger.isSettled(self) else { return [] }
        switch self.value {
        case .null: return []
        case .object(let members):
            return members.flatMap { self.child("\(self.path).\($0.name)", $0.value).unsettled }
        case .array(let values):
            return values.enumerated().flatMap { self.child("\(self.path)[\($0.offset)]", $0.element).unsettled }
        default: return [self]
        }
    }

    /// A failure that names file and field.
    func wrong(_ reason: String) -> CommandFailure {
        CommandFailure(
            PlainLine.text("\(self.file): \(self.path.isEmpty ? "the document" : self.path): \(reason)"),
            hint: "export it again with 'aws appmesh describe-…' and leave the output as it is"
        )
    }

    private func child(_ path: String, _ value: JSONValue) -> ExportField {
        ExportField(file: self.file, path: path, value: value, ledger: self.ledger)
    }
}

/// Which fields were dealt with.
final class FieldLedger {
    private var settled: Set<String> = []

    func settle(_ field: ExportField) { self.settled.insert("\(field.file)\n\(field.path)") }

    func isSettled(_ field: ExportField) -> Bool { self.settled.contains("\(field.file)\n\(field.path)") }
}
