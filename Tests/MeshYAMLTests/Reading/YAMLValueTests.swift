import Testing

@testable import MeshYAML

@Suite("Typed values of YAML")
struct YAMLValueTests {
    private func value(_ text: String) throws -> YAMLValue {
        YAMLValue(try #require(try YAMLReader.read(Array(text.utf8))), path: "field")
    }

    @Test("truth values are true and false in three spellings, and nothing else")
    func flags() throws {
        for text in ["true", "True", "TRUE"] { #expect(try self.value(text).flag()) }
        for text in ["false", "False", "FALSE"] { #expect(try !self.value(text).flag()) }
        for text in ["yes", "on", "1", "'true'", "[]", "tRUE"] {
            #expect(throws: YAMLError.self) { try self.value(text).flag() }
        }
    }

    @Test("numbers are decimal digits without quotes, within their range")
    func integers() throws {
        #expect(try self.value("8080").integer(in: UInt16(0)...UInt16.max) == 8_080)
        #expect(try self.value("-3").integer(in: -5...5) == -3)
        for text in ["65536", "-1", "'80'", "0x50", "8e1", "80.0", "", "99999999999999999999", "1_000"] {
            #expect(throws: YAMLError.self) {
                try self.value("- \(text)").elements()[0].integer(in: UInt16(0)...65_535)
            }
        }
    }

    @Test("a text is any scalar, and nothing is an empty one")
    func texts() throws {
        #expect(try self.value("abc").text() == "abc")
        #expect(try self.value("'~'").text() == "~")
        #expect(try self.value("17").text() == "17")
        #expect(try self.value("~").text() == "")
        for text in ["[a]", "{a: b}", "!Tag x"] { #expect(throws: YAMLError.self) { try self.value(text).text() } }
    }

    @Test("fields that nobody takes are errors with place and what is known")
    func fields() throws {
        var fields = try self.value("a: 1\nwrong: 2\nc: ~").fields()
        #expect(try fields.require("a").integer(in: 0...9) == 1)
        #expect(fields.take("c") == nil)
        let error = #expect(throws: YAMLError.self) { try fields.finish() }
        #expect(error?.description == "line 2, column 1: field: field wrong is unknown; known: a, c")
        #expect(throws: YAMLError.self) { try fields.require("b") }
        #expect(throws: YAMLError.self) { try self.value("[a]").fields() }
    }

    @Test("errors name path, value and what is allowed")
    func errors() throws {
        let value = try self.value("x:\n  - Alow")
        let entry = try #require(try value.entries().first)
        let error = #expect(throws: YAMLError.self) {
            try entry.value.elements()[0].word(["Allow": true, "Deny": false])
        }
        #expect(error?.description == "line 2, column 5: field[x][0]: \"Alow\" is not valid; allowed: Allow, Deny")
    }
}
