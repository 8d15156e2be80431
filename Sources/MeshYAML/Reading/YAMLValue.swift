/// A value and its path in the document: what typed readers go down by.
package struct YAMLValue: Sendable {
    /// The value.
    package let node: YAMLNode
    /// Where it stands, such as `workloads[0].services`; empty for the whole document.
    package let path: String

    /// A value at a path.
    package init(_ node: YAMLNode, path: String = "") {
        self.node = node
        self.path = path
    }

    /// An error about this value.
    package func error(_ message: String) -> YAMLError {
        YAMLError(message, path: self.path, at: self.node.position)
    }

    /// An error that shows the value, cut to 64 characters, and what is allowed.
    package func error(allowed: String) -> YAMLError {
        switch self.node.content {
        case .scalar(let scalar): self.error("\"\(scalar.text.prefix(64))\" is not valid; allowed: \(allowed)")
        case .sequence: self.error("a list is not valid; allowed: \(allowed)")
        case .mapping: self.error("a mapping is not valid; allowed: \(allowed)")
        }
    }

    /// The scalar without tag; anything else is an error.
    private func scalar(_ allowed: String) throws(YAMLError) -> YAMLScalar {
        guard case .scalar(let scalar) = self.node.content, self.node.tag.isEmpty else {
            throw self.error(allowed: allowed)
        }
        return scalar
    }

    /// Whether it means "nothing".
    package var isNull: Bool {
        guard case .scalar(let scalar) = self.node.content else { return false }
        return scalar.isNull && self.node.tag.isEmpty
    }

    /// A text. Unquoted numbers and truth values are texts too where a text is wanted.
    package func text() throws(YAMLError) -> String {
        let scalar = try self.scalar("a text")
        return scalar.isNull ? "" : scalar.text
    }

    /// `true` or `false` without quotes.
    package func flag() throws(YAMLError) -> Bool {
        let allowed = "true or false, without quotes"
        guard let flag = try self.scalar(allowed).flag else { throw self.error(allowed: allowed) }
        return flag
    }

    /// A whole number in `range`, in decimal digits without quotes.
    package func integer<Number: FixedWidthInteger>(
        in range: ClosedRange<Number>
    ) throws(YAMLError) -> Number {
        let allowed = "a whole number from \(range.lowerBound) to \(range.upperBound), without quotes"
        guard let integer = try self.scalar(allowed).integer, let number = Number(exactly: integer),
            range.contains(number)
        else { throw self.error(allowed: allowed) }
        return number
    }

    /// One of a set of words.
    package func word<Word>(_ words: KeyValuePairs<String, Word>) throws(YAMLError) -> Word {
        let allowed = words.map(\.key).joined(separator: ", ")
        let text = try self.scalar(allowed).text
        guard let word = words.first(where: { $0.key == text }) else { throw self.error(allowed: allowed) }
        return word.value
    }

    /// The elements of a list; "nothing" is an empty one.
    package func elements() throws(YAMLError) -> [YAMLValue] {
        if self.isNull { return [] }
        guard case .sequence(let nodes) = self.node.content, self.node.tag.isEmpty else {
            throw self.error(allowed: "a list")
        }
        return nodes.enumerated().map { YAMLValue($0.element, path: "\(self.path)[\($0.offset)]") }
    }

    /// The keys and values of a mapping whose keys are free; "nothing" is an empty one.
    package func entries() throws(YAMLError) -> [(key: YAMLValue, value: YAMLValue)] {
        if self.isNull { return [] }
        guard case .mapping(let entries) = self.node.content, self.node.tag.isEmpty else {
            throw self.error(allowed: "a mapping")
        }
        return entries.map { entry in
            let path = "\(self.path)[\(entry.key.prefix(128))]"
            // Numbers as keys are never quoted in practice, and a text is read from either.
            let key = YAMLNode(
                content: .scalar(YAMLScalar(text: entry.key, isPlain: true)),
                tag: "",
                position: entry.position
            )
            return (YAMLValue(key, path: path), YAMLValue(entry.value, path: path))
        }
    }

    /// The fields of a mapping whose keys are known; "nothing" has none.
    package func fields() throws(YAMLError) -> YAMLFields {
        if self.isNull { return YAMLFields(of: self, []) }
        guard case .mapping(let entries) = self.node.content, self.node.tag.isEmpty else {
            throw self.error(allowed: "a mapping")
        }
        return YAMLFields(of: self, entries)
    }
}
