/// One element of an XML document: what AWS's Query and REST-XML services answer with.
package struct XMLElement: Sendable, Hashable {
    /// The local name, without namespace prefix.
    package var name: String
    /// The attributes, `xmlns` among them.
    package var attributes: [String: String]
    /// The elements inside, in order.
    package var children: [XMLElement]
    /// The text directly inside, entities resolved, without white space at its ends.
    package var text: String

    /// Holds the parts as they are.
    package init(_ name: String, attributes: [String: String] = [:], text: String = "", children: [XMLElement] = []) {
        self.name = name
        self.attributes = attributes
        self.children = children
        self.text = text
    }

    /// The first element inside with this name.
    package subscript(name: String) -> XMLElement? {
        self.children.first { $0.name == name }
    }

    /// The elements inside with this name.
    package func all(_ name: String) -> [XMLElement] {
        self.children.filter { $0.name == name }
    }

    /// The one element inside with this name; `nil` when there is none, or more than one.
    ///
    /// For answers that decide on identity: a second value must not hide behind the first.
    package func only(_ name: String) -> XMLElement? {
        let found = self.all(name)
        return found.count == 1 ? found.first : nil
    }

    /// The document as XML text, without declaration.
    package var document: String {
        let attributes = self.attributes.sorted { $0.key < $1.key }
            .map { " \($0.key)=\"\(Self.escape($0.value))\"" }
            .joined()
        let inside = Self.escape(self.text) + self.children.map(\.document).joined()
        return "<\(self.name)\(attributes)>\(inside)</\(self.name)>"
    }

    private static func escape(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
