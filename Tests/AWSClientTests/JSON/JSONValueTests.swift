import AWSClient
import Testing

struct JSONValueTests {
    @Test(arguments: [
        "null", "true", "false", "0", "-0", "1e5", "1.50", "-1.5E+10", "123456789012345678901234567890",
        #""""#, #""é😀""#, "[]", "{}", #"{"b":1,"a":[1,{"z":null}],"c":"x"}"#, #""\"\\\b\f\n\r\t\u0001""#,
    ])
    func writesWhatItRead(_ text: String) throws {
        #expect(try JSONValue(parsing: text).text() == text)
    }

    @Test(arguments: [
        (#""\u0041\u00e9\ud83d\ude00\/""#, #""Aé😀/""#), (" [ 1 , 2 ] ", "[1,2]"), ("\t{\r\n}\n", "{}"),
    ])
    func normalisesOnlySpaceAndEscapes(_ text: String, _ expected: String) throws {
        #expect(try JSONValue(parsing: text).text() == expected)
    }

    @Test(arguments: [
        ("", JSONError.unexpectedEnd),
        ("  ", .unexpectedEnd),
        ("nul", .unexpectedEnd),
        ("nulL", .unexpectedByte(offset: 3)),
        ("1 2", .unexpectedByte(offset: 2)),
        ("01", .unexpectedByte(offset: 1)),
        ("+1", .unexpectedByte(offset: 0)),
        ("1.", .unexpectedEnd),
        (".5", .unexpectedByte(offset: 0)),
        ("-", .unexpectedEnd),
        ("1e", .unexpectedEnd),
        ("NaN", .unexpectedByte(offset: 0)),
        ("[1,]", .unexpectedByte(offset: 3)),
        ("[1", .unexpectedEnd),
        ("{\"a\"}", .unexpectedByte(offset: 4)),
        ("{\"a\":1,}", .unexpectedByte(offset: 7)),
        ("{a:1}", .unexpectedByte(offset: 1)),
        ("{\"a\":1,\"a\":2}", .duplicateName(offset: 7)),
        ("\"", .unexpectedEnd),
        ("\"\n\"", .unexpectedByte(offset: 1)),
        ("\"\\x\"", .unexpectedByte(offset: 2)),
        ("\"\\u12\"", .unexpectedByte(offset: 5)),
        ("\"\\ud800\"", .invalidText(offset: 3)),
        ("\"\\ud800\\u0041\"", .invalidText(offset: 3)),
        ("\"\\udc00\"", .invalidText(offset: 3)),
        ("<html>", .unexpectedByte(offset: 0)),
    ])
    func refusesWhatIsNotJSON(_ text: String, _ expected: JSONError) {
        #expect(throws: expected) { try JSONValue(parsing: text) }
    }

    @Test
    func refusesBytesThatAreNotUTF8() {
        #expect(throws: JSONError.invalidText(offset: 0)) {
            try JSONValue(parsing: [UInt8(ascii: "\""), 0xff, UInt8(ascii: "\"")])
        }
    }

    @Test
    func boundsDepthAndSize() throws {
        func nested(_ levels: Int) -> String {
            String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        }
        var limits = JSONLimits()
        #expect(throws: Never.self) { try JSONValue(parsing: nested(64)) }
        #expect(throws: JSONError.tooDeep(offset: 64)) { try JSONValue(parsing: nested(65)) }
        #expect(throws: JSONError.tooDeep(offset: 64)) { try JSONValue(parsing: nested(100_000)) }
        limits.bytes = 4
        #expect(throws: Never.self) { try JSONValue(parsing: "1234", limits: limits) }
        #expect(throws: JSONError.tooLarge(5)) { try JSONValue(parsing: "12345", limits: limits) }
    }

    @Test
    func laysOutForPeople() {
        let value: JSONValue = ["b": [1, "x"], "a": [:], "c": []]
        #expect(
            value.text(.indented(2)) == """
                {
                  "b": [
                    1,
                    "x"
                  ],
                  "a": {},
                  "c": []
                }
                """
        )
    }

    @Test
    func editsInPlaceAndKeepsTheOrder() throws {
        var value = try JSONValue(parsing: #"{"z":1,"unknown":{"deep":1.10},"a":2}"#)
        value["a"] = "new"
        value["unknown"]?["deep"] = nil
        value["added"] = true
        value["z"] = nil
        #expect(value.text() == #"{"unknown":{},"a":"new","added":true}"#)
        #expect(value["missing"] == nil)
        #expect(value["a"]?[0] == nil)
        #expect(JSONValue.array([1])[1] == nil)
        #expect(JSONValue.array([1])[-1] == nil)
    }

    @Test(arguments: [("5", 5), ("5.0", 5), ("5e2", 500), ("5.5", nil), ("1e400", nil), ("99999999999999999999", nil)])
    func givesAWholeNumberOnlyWhenItIsOne(_ text: String, _ expected: Int?) throws {
        #expect(try JSONValue(parsing: text).int == expected)
    }
}
