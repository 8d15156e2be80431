import Testing

@testable import DataPlane

struct JSONReaderTests {
    private func parse(_ text: String) throws(JSONError) -> JSONValue { try JSONReader.parse(Array(text.utf8)) }

    @Test func readsEveryKindOfValue() throws {
        let value = try parse(" {\"a\":[1,-2.5e+3,true,false,null],\"b\":{\"c\":\"d\"},\"\":{},\"e\":[]}\n")
        let object = try #require(value.object)
        #expect(object.members.map(\.name) == ["a", "b", "", "e"])
        #expect(object["a"]?.array == [.number("1"), .number("-2.5e+3"), .bool(true), .bool(false), .null])
        #expect(object["b"]?.object?["c"]?.string == "d")
        #expect(object["missing"] == nil)
        #expect(try parse("\"x\"") == .string("x"))
        #expect(try parse("-9223372036854775808").integer == .min)
        #expect(try parse("9223372036854775808").integer == nil)
        #expect(try parse("1.0").integer == nil)
        #expect(try parse("0").integer == 0)
    }

    @Test(arguments: [
        (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"), (#""\u00e9\u20AC""#, "é€"), (#""\ud83d\ude00""#, "😀"),
        ("\"é😀\"", "é😀"), (#""\u0000""#, "\0"),
    ])
    func readsEscapes(_ text: String, _ value: String) throws {
        #expect(try parse(text).string == value)
    }

    @Test(
        arguments: [
            ("", .unexpectedEnd), (" ", .unexpectedEnd), ("{", .unexpectedEnd), ("[1", .unexpectedEnd),
            ("\"a", .unexpectedEnd), ("\"\\", .unexpectedEnd), ("\"\\u12", .unexpectedEnd),
            ("{\"a\"}", .unexpectedByte(0x7D)), ("{\"a\":1,}", .unexpectedByte(0x7D)), ("[1,]", .unexpectedByte(0x5D)),
            ("{a:1}", .unexpectedByte(0x61)), ("'a'", .unexpectedByte(0x27)), ("[1 2]", .unexpectedByte(0x32)),
            ("\u{feff}{}", .unexpectedByte(0xEF)), ("/**/1", .unexpectedByte(0x2F)), ("NaN", .unexpectedByte(0x4E)),
            ("1 1", .trailingBytes), ("{}}", .trailingBytes), ("truefalse", .trailingBytes), ("tru", .invalidLiteral),
            ("nul", .invalidLiteral), ("01", .invalidNumber), ("-", .invalidNumber), ("1.", .invalidNumber),
            ("1e", .invalidNumber), ("-01", .invalidNumber), (".5", .unexpectedByte(0x2E)),
            ("+1", .unexpectedByte(0x2B)),
            ("\"\\x\"", .invalidEscape), ("\"\\u12g4\"", .invalidEscape), ("\"\\ud800\"", .invalidEscape),
            ("\"\\ud800\\u0041\"", .invalidEscape), ("\"\\udc00\"", .invalidEscape), ("\"\\ud800x\"", .invalidEscape),
            ("\"\n\"", .controlCharacter), ("\"\0\"", .controlCharacter), ("{\"a\":1,\"a\":2}", .duplicateName),
            ("{\"a\":1,\"\\u0061\":2}", .duplicateName),
        ] as [(String, JSONError.Kind)]
    )
    func refusesWhatIsNotJSON(_ text: String, _ kind: JSONError.Kind) {
        let error = #expect(throws: JSONError.self) { try parse(text) }
        #expect(error?.kind == kind)
    }

    @Test(
        arguments: [
            [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xC3], [0xE2, 0x82],
        ] as [[UInt8]]
    )
    func refusesWhatIsNotUTF8(_ bytes: [UInt8]) {
        let error = #expect(throws: JSONError.self) { try JSONReader.parse([0x22] + bytes + [0x22]) }
        #expect(error?.kind == .invalidUTF8)
    }

    @Test func depthSizeAndMembersAreBounded() throws {
        let nested = { (count: Int) in String(repeating: "[", count: count) + String(repeating: "]", count: count) }
        _ = try parse(nested(JSONReader.depthLimit))
        #expect(throws: JSONError(kind: .tooDeep, offset: JSONReader.depthLimit)) {
            try parse(nested(JSONReader.depthLimit + 1))
        }
        #expect(throws: JSONError.self) { try parse(String(repeating: "[", count: 1_000_000)) }
        let large = "\"\(String(repeating: "a", count: JSONReader.byteLimit))\""
        #expect(throws: JSONError(kind: .tooLarge, offset: JSONReader.byteLimit)) { try parse(large) }
        let members = (0...JSONReader.memberLimit).map { "\"\($0)\":0" }.joined(separator: ",")
        #expect((#expect(throws: JSONError.self) { try parse("{\(members)}") })?.kind == .tooManyMembers)
    }

    @Test func changedAndCutDocumentsNeverTrap() {
        let document = Array(#"{"a":[1.5e3,"\u00e9\ud83d\ude00",null],"b":{"c":true}}"#.utf8)
        for index in document.indices {
            _ = try? JSONReader.parse(Array(document.prefix(index)))
            for byte in UInt8.min...UInt8.max {
                var changed = document
                changed[index] = byte
                _ = try? JSONReader.parse(changed)
            }
        }
    }
}
