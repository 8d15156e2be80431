import Testing

@testable import TulleCLI

@Suite("Columns and lines for a terminal")
struct TableTests {
    @Test("cells of others cannot break a line or move the cursor")
    func plain() {
        var table = Table(["A", "B"])
        table.add(["x\ny", "\u{1b}[2J\u{9b}1m\u{202e}z", "left out"])
        table.add([])
        #expect(table.text == "A    B\nx y   [2J 1m z\n")
    }

    @Test("lines are cut at a bound")
    func long() {
        #expect(PlainLine.text(String(repeating: "x", count: 5000)).count == PlainLine.longest)
        #expect(PlainLine.text("abc", limit: 2) == "ab")
    }

    @Test("istioctl's word for a table is known")
    func short() {
        #expect(OutputFormat(argument: "short") == .table)
        #expect(OutputFormat(argument: "wide") == .wide)
        #expect(OutputFormat(argument: "xml") == nil)
    }
}
