import Testing

@testable import HTTPRouting

struct JSONScannerTests {
    static let limits = JSONLimits(bytes: 1_000, depth: 4, members: 20)

    private func fault(_ bytes: [UInt8], _ limits: JSONLimits = Self.limits) -> JSONFault? {
        do throws(JSONFault) {
            _ = try JSONTree.read(bytes, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        ("null", ClaimValue.null), (" true ", .bool(true)), ("false", .bool(false)), ("-0.5e+3", .number("-0.5e+3")),
        ("0", .number("0")), ("\"\"", .string("")), ("[]", .list([])), ("{}", .object([])),
        (
            "[1, [2],{\"a\":[]}]",
            .list([.number("1"), .list([.number("2")]), .object([.init(name: "a", value: .list([]))])])
        ),
        (
            "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\ud83d\\ude00\"",
            .string("\"\\/\u{8}\u{c}\n\r\tA\u{e9}\u{1f600}")
        ),
        (
            "{\"a\":1,\"b\":{\"a\":null}}",
            .object([
                .init(name: "a", value: .number("1")),
                .init(name: "b", value: .object([.init(name: "a", value: .null)])),
            ])
        ),
    ])
    func reads(_ text: String, _ value: ClaimValue) throws {
        #expect(try JSONTree.read(text.utf8, limits: Self.limits) == value)
        var scanner = JSONScanner(limits: Self.limits, sink: JSONTree())
        for byte in text.utf8 { try scanner.take([byte]) }
        try scanner.finish()
        #expect(scanner.sink.value == value, "byte by byte")
    }

    @Test(arguments: [
        "", " ", "nul", "nulll", "True", "tru e", "+1", "01", "1.", ".5", "1e", "1e+", "--1", "1-1", "0x1", "NaN",
        "[1,]",
        "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:1}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "[1}",
        "{\"a\":1]", "]", "}", "[", "{", "\"a", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"", "'a'", "1 2",
        "{} {}",
        "[1]]", "// x", "/* */1", "\u{feff}1", "1,", "\"\u{1}\"",
    ])
    func refuses(_ text: String) {
        #expect(self.fault(Array(text.utf8)) != nil, "\(text)")
    }

    @Test(arguments: [
        ("{\"a\":1,\"a\":2}", JSONFault.repeatedName), ("{\"a\":1,\"\\u0061\":2}", .repeatedName),
        ("{\"method\":1,\"Method\":2}", .repeatedName), ("{\"s\":1,\"\u{17f}\":2}", .repeatedName),
        ("{\"k\":1,\"\u{212a}\":2}", .repeatedName), ("{\"\u{e9}\":1,\"\u{c9}\":2}", .repeatedName),
        ("{\"\u{e9}\":1,\"e\u{301}\":2}", .repeatedName), ("[[[[[1]]]]]", .tooDeep),
        ("[\(Array(repeating: "1", count: 21).joined(separator: ","))]", .tooManyMembers),
        ("\"\(String(repeating: "a", count: 999))\"", .tooLong), ("\"\\ud800\"", .invalidText),
        ("\"\\ud800x\"", .invalidText), ("\"\\ud800\\n\"", .invalidText), ("\"\\udc00\"", .invalidText),
        ("\"\\ud800\\u0041\"", .invalidText),
    ])
    func refusesWithReason(_ text: String, _ fault: JSONFault) {
        #expect(self.fault(Array(text.utf8)) == fault)
    }

    @Test(arguments: [
        [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xE2, 0x82, 0x22],
    ])
    func refusesWhatIsNotUTF8(_ bytes: [UInt8]) {
        #expect(self.fault(bytes) == .invalidText)
    }

    @Test func limitsAreTakenExactly() {
        #expect(self.fault(Array("[[[[]]]]".utf8)) == nil)
        #expect(self.fault(Array("[\(Array(repeating: "1", count: 20).joined(separator: ","))]".utf8)) == nil)
        #expect(self.fault(Array("\"\(String(repeating: "a", count: 998))\"".utf8)) == nil)
        let wide = JSONLimits(bytes: 5_000, depth: 1, members: 1)
        #expect(self.fault(Array(String(repeating: "1", count: 1_024).utf8), wide) == nil)
        #expect(self.fault(Array(String(repeating: "1", count: 1_025).utf8), wide) != nil)
        let exact = JSONLimits(bytes: 100, depth: 1, members: 9, allowsCaseVariants: true)
        #expect(self.fault(Array("{\"a\":1,\"A\":2}".utf8), exact) == nil)
        #expect(self.fault(Array("{\"a\":1,\"a\":2}".utf8), exact) == .repeatedName)
    }

    /// CVE-2026-48042
    @Test func aMillionBracketsEndEarly() {
        let deep = [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)
        #expect(self.fault(deep, JSONLimits(bytes: 2_000_000, depth: 64, members: 2_000_000)) == .tooDeep)
    }

    @Test(arguments: [
        ("1", "1.0", 0), ("10", "1e1", 0), ("100e-2", "1", 0), ("0", "-0.0", 0), ("0e99", "0", 0), ("1", "2", -1),
        ("-1", "1", -1), ("-2", "-1", -1), ("9007199254740993", "9007199254740992", 1),
        ("0.1", "0.10000000000000000001", -1),
        ("1e999999999999", "1e999999999998", 0), ("1e400", "9e399", 1), ("1e-400", "0", 1), ("12", "112", -1),
        ("0.00012", "1.2E-4", 0),
    ])
    func numbersAreDecimals(_ left: String, _ right: String, _ order: Int) {
        #expect(JSONNumber.compare(left, right) == order)
        #expect(JSONNumber.compare(right, left) == -order)
    }

    @Test(arguments: ["", "x", "1 ", "0x1", "1e", "01"])
    func whatIsNoNumberDoesNotCompare(_ text: String) {
        #expect(JSONNumber.compare(text, "1") == nil)
        #expect(JSONNumber.compare("1", text) == nil)
    }
}
