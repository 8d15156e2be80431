/// How much XML a reader takes before it refuses.
package struct XMLLimits: Sendable, Hashable {
    /// Most bytes of text.
    package var bytes = 16 * 1024 * 1024
    /// Most levels of elements inside each other.
    package var depth = 32

    /// 16 MiB and 32 levels.
    package init() {}
}

/// Why a text is not XML that we take; offsets count bytes from the start.
package enum XMLError: Error, Sendable, Equatable, CustomStringConvertible {
    /// More bytes than the limit.
    case tooLarge(Int)
    /// More levels than the limit.
    case tooDeep(offset: Int)
    /// Not well-formed here.
    case malformed(offset: Int)
    /// A document type declaration, which could define entities; no AWS service sends one.
    case documentTypeRefused
    /// Not UTF-8.
    case invalidText

    package var description: String {
        switch self {
        case .tooLarge(let bytes): "XML of \(bytes) bytes is over the limit"
        case .tooDeep(let offset): "XML is nested too deeply at byte \(offset)"
        case .malformed(let offset): "XML is not well-formed at byte \(offset)"
        case .documentTypeRefused: "XML has a document type declaration"
        case .invalidText: "XML is not UTF-8"
        }
    }
}

extension XMLElement {
    /// Reads one whole XML document.
    ///
    /// Takes elements, attributes, text, CDATA, comments, processing instructions and the five named entities;
    /// refuses document types, other entities, and anything after the root element.
    package init(parsing bytes: some Sequence<UInt8>, limits: XMLLimits = XMLLimits()) throws(XMLError) {
        var parser = XMLDocumentParser(bytes: Array(bytes), limits: limits)
        self = try parser.document()
    }
}

/// A recursive reader; its depth is bounded by the limits.
private struct XMLDocumentParser {
    private let bytes: [UInt8]
    private let limits: XMLLimits
    private var offset = 0

    init(bytes: [UInt8], limits: XMLLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func document() throws(XMLError) -> XMLElement {
        guard self.bytes.count <= self.limits.bytes else { throw .tooLarge(self.bytes.count) }
        _ = self.take("\u{feff}")
        try self.skipMiscellany()
        let root = try self.element(depth: 1)
        try self.skipMiscellany()
        guard self.offset == self.bytes.count else { throw .malformed(offset: self.offset) }
        return root
    }

    private mutating func skipMiscellany() throws(XMLError) {
        while true {
            self.skipSpace()
            if self.take("<!--") {
                _ = try self.text(upTo: "-->")
            } else if self.take("<?") {
                _ = try self.text(upTo: "?>")
            } else if self.take("<!DOCTYPE") {
                throw .documentTypeRefused
            } else {
                return
            }
        }
    }

    private mutating func element(depth: Int) throws(XMLError) -> XMLElement {
        guard depth <= self.limits.depth else { throw .tooDeep(offset: self.offset) }
        guard self.take("<") else { throw .malformed(offset: self.offset) }
        let qualifiedName = try self.name()
        var element = XMLElement(Self.localPart(qualifiedName))
        while true {
            let hadSpace = self.skipSpace()
            if self.take("/>") { return element }
            if self.take(">") { break }
            guard hadSpace else { throw .malformed(offset: self.offset) }
            let attribute = try self.name()
            self.skipSpace()
            guard self.take("=") else { throw .malformed(offset: self.offset) }
            self.skipSpace()
            let quote = self.take("\"") ? "\"" : "'"
            guard quote == "\"" || self.take("'") else { throw .malformed(offset: self.offset) }
            let value = try self.resolve(try self.raw(upTo: quote))
            guard element.attributes.updateValue(value, forKey: attribute) == nil else {
                throw .malformed(offset: self.offset)
            }
        }
        var text = ""
        while true {
            text += try self.resolve(self.raw())
            if self.take("</") {
                guard try self.name() == qualifiedName else { throw .malformed(offset: self.offset) }
                self.skipSpace()
                guard self.take(">") else { throw .malformed(offset: self.offset) }
                element.text = Self.trim(text)
                return element
            } else if self.take("<!--") {
                _ = try self.text(upTo: "-->")
            } else if self.take("<![CDATA[") {
                text += try self.text(upTo: "]]>")
            } else if self.take("<?") {
                _ = try self.text(upTo: "?>")
            } else if self.offset < self.bytes.count {
                element.children.append(try self.element(depth: depth + 1))
            } else {
                throw .malformed(offset: self.offset)
            }
        }
    }

    private mutating func name() throws(XMLError) -> String {
        let start = self.offset
        while self.offset < self.bytes.count, Self.isNameByte(self.bytes[self.offset]) {
            self.offset += 1
        }
        guard self.offset > start else { throw .malformed(offset: start) }
        return try Self.validated(self.bytes[start..<self.offset])
    }

    /// The bytes up to the next `<` or the end.
    private mutating func raw() -> ArraySlice<UInt8> {
        let start = self.offset
        while self.offset < self.bytes.count, self.bytes[self.offset] != UInt8(ascii: "<") {
            self.offset += 1
        }
        return self.bytes[start..<self.offset]
    }

    /// The bytes up to the mark, which is taken too.
    private mutating func raw(upTo mark: String) throws(XMLError) -> ArraySlice<UInt8> {
        let start = self.offset
        while self.offset < self.bytes.count {
            let end = self.offset
            if self.take(mark) { return self.bytes[start..<end] }
            self.offset += 1
        }
        throw .malformed(offset: start)
    }

    private mutating func text(upTo mark: String) throws(XMLError) -> String {
        try Self.validated(try self.raw(upTo: mark))
    }

    private func resolve(_ raw: ArraySlice<UInt8>) throws(XMLError) -> String {
        var resolved: [UInt8] = []
        var rest = raw
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "&") else {
                resolved.append(byte)
                continue
            }
            // The longest reference that means anything is `&#x10FFFF;`.
            guard let end = rest.prefix(10).firstIndex(of: UInt8(ascii: ";")) else {
                throw .malformed(offset: rest.startIndex)
            }
            guard let scalar = Self.scalar(String(decoding: rest[..<end], as: UTF8.self)) else {
                throw .malformed(offset: rest.startIndex)
            }
            resolved.append(contentsOf: String(Character(scalar)).utf8)
            rest = rest[(end + 1)...]
        }
        return try Self.validated(resolved[...])
    }

    private static func scalar(_ reference: String) -> Unicode.Scalar? {
        switch reference {
        case "lt": "<"
        case "gt": ">"
        case "amp": "&"
        case "quot": "\""
        case "apos": "'"
        default:
            if reference.hasPrefix("#x") {
                UInt32(reference.dropFirst(2), radix: 16).flatMap(Unicode.Scalar.init)
            } else if reference.hasPrefix("#") {
                UInt32(reference.dropFirst()).flatMap(Unicode.Scalar.init)
            } else {
                nil
            }
        }
    }

    private static func validated(_ bytes: ArraySlice<UInt8>) throws(XMLError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .invalidText }
        return text
    }

    private static func localPart(_ name: String) -> String {
        name.split(separator: ":").last.map(String.init) ?? name
    }

    private static func trim(_ text: String) -> String {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0d).contains($0) }
        let bytes = text.utf8.drop(while: isSpace)
        let end = bytes.lastIndex { !isSpace($0) }.map(bytes.index(after:)) ?? bytes.startIndex
        return String(text[bytes.startIndex..<end])
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: ":"), 0x80...0xff:
            true
        default: false
        }
    }

    private mutating func take(_ mark: String) -> Bool {
        guard self.bytes[self.offset...].starts(with: mark.utf8) else { return false }
        self.offset += mark.utf8.count
        return true
    }

    @discardableResult
    private mutating func skipSpace() -> Bool {
        let start = self.offset
        while self.offset < self.bytes.count,
            self.bytes[self.offset] == 0x20 || (0x09...0x0d).contains(self.bytes[self.offset])
        {
            self.offset += 1
        }
        return self.offset > start
    }
}
