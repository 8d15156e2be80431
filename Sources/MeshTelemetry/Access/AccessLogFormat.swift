/// How a waypoint's access log shows a request: Envoy's operators in a line of text or an object of JSON.
package struct AccessLogFormat: Hashable, Sendable {
    private enum Shape: Hashable, Sendable {
        case text(AccessTemplate)
        case json([Member], omitsMissing: Bool)
    }

    private struct Member: Hashable, Sendable {
        /// The key with quotes and colon.
        let key: [UInt8]
        let name: String
        let template: AccessTemplate
    }

    /// The most keys of an object.
    package static let maximumKeys = 128

    private let shape: Shape

    /// A line of text.
    /// - Parameters:
    ///   - text: the format; a newline is added where it doesn't end with one.
    ///   - headers: takes the headers that it asks for.
    package init(
        text: String,
        context: AccessLogContext,
        headers: inout HeaderPlan
    ) throws(AccessLogError) {
        var parser = AccessOperatorParser(context: context, headers: headers)
        let line = text.hasSuffix("\n") ? text : text + "\n"
        self.shape = .text(try AccessTemplate(line, parser: &parser))
        headers = parser.headers
    }

    /// An object of JSON in one line; members stay in the given order.
    /// - Parameters:
    ///   - members: keys and their formats. A lone operator gives a number where it stands for one, null for nothing.
    ///   - omitsMissing: whether members without a value are left out.
    ///   - headers: takes the headers that they ask for.
    package init(
        json members: [(key: String, format: String)],
        omitsMissing: Bool = false,
        context: AccessLogContext,
        headers: inout HeaderPlan
    ) throws(AccessLogError) {
        guard members.count <= Self.maximumKeys else { throw .tooLong(limit: Self.maximumKeys) }
        var parser = AccessOperatorParser(context: context, headers: headers)
        var made: [Member] = []
        for (name, format) in members {
            var key: [UInt8] = [UInt8(ascii: "\"")]
            LogText.append(name, limit: 256, to: &key)
            key += Array("\":".utf8)
            made.append(Member(key: key, name: name, template: try AccessTemplate(format, parser: &parser)))
        }
        self.shape = .json(made, omitsMissing: omitsMissing)
        headers = parser.headers
    }

    /// The line with its newline.
    package func line(_ record: RequestRecord) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(768)
        switch self.shape {
        case .text(let template): template.append(record, to: &bytes)
        case .json(let members, let omitsMissing):
            bytes.append(UInt8(ascii: "{"))
            for member in members { Self.append(member, record, omitsMissing, to: &bytes) }
            bytes += Array("}\n".utf8)
        }
        return bytes
    }

    private static func append(
        _ member: Member,
        _ record: RequestRecord,
        _ omitsMissing: Bool,
        to bytes: inout [UInt8]
    ) {
        func open() {
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: member.key)
        }
        guard let (operation, limit) = member.template.single else {
            open()
            bytes.append(UInt8(ascii: "\""))
            member.template.append(record, escapesLiterals: true, to: &bytes)
            return bytes.append(UInt8(ascii: "\""))
        }
        switch operation.value(record) {
        case .text(let text):
            open()
            bytes.append(UInt8(ascii: "\""))
            LogText.append(
                AccessTemplate.cut(text, limit),
                limit: AccessTemplate.maximumValueBytes,
                to: &bytes
            )
            bytes.append(UInt8(ascii: "\""))
        case .number(let number):
            open()
            bytes.append(contentsOf: "\(number)".utf8)
        case nil where omitsMissing: break
        case nil:
            open()
            bytes.append(contentsOf: "null".utf8)
        }
    }

    /// The members' names and values, for exporters that have fields of their own; none for text.
    package func fields(_ record: RequestRecord) -> [(name: String, value: TelemetryValue)] {
        guard case .json(let members, _) = self.shape else { return [] }
        return members.compactMap { member in
            guard let (operation, limit) = member.template.single else {
                var bytes: [UInt8] = []
                member.template.append(record, to: &bytes)
                return (member.name, .text(String(decoding: bytes, as: UTF8.self)))
            }
            return switch operation.value(record) {
            case .text(let text): (member.name, .text(AccessTemplate.cut(text, limit)))
            case .number(let number): (member.name, .number(number))
            case nil: nil
            }
        }
    }
}
