import Testing

@testable import MeshYAML

@Suite("Reading YAML")
struct YAMLReaderTests {
    private func read(_ text: String, _ limits: YAMLLimits = YAMLLimits()) throws(YAMLError) -> YAMLNode? {
        try YAMLReader.read(Array(text.utf8), limits: limits)
    }

    /// A short form of a tree, for comparison.
    private func show(_ node: YAMLNode?) -> String {
        switch node?.content {
        case nil: "-"
        case .scalar(let scalar): (node?.tag ?? "") + (scalar.isPlain ? scalar.text : "'\(scalar.text)'")
        case .sequence(let nodes): "[" + nodes.map { self.show($0) }.joined(separator: ",") + "]"
        case .mapping(let entries):
            "{" + entries.map { "\($0.key):\(self.show($0.value))" }.joined(separator: ",") + "}"
        }
    }

    @Test(
        "block and flow forms give one tree",
        arguments: [
            ("a: 1\nb:\n- x\n- 'y'\n", "{a:1,b:[x,'y']}"),
            ("{a: 1, b: [x, \"y\"]}", "{a:1,b:[x,'y']}"),
            ("- - - a", "[[[a]]]"),
            ("a: |\n  one\n  two\n", "{a:'one\ntwo\n'}"),
            ("", "-"), ("# only a comment\n", "-"), ("---\n", ""), ("a: ~", "{a:~}"),
            ("a: &x [1, 2]\nb: *x", "{a:[1,2],b:[1,2]}"),
            ("a: !Exact b", "{a:!Exactb}"), ("a: !!str 5", "{a:'5'}"), ("a: !!int 5", "{a:5}"),
            ("\u{feff}a: b", "{a:b}"), ("80: 8080", "{80:8080}"),
        ]
    )
    func trees(_ text: String, _ shown: String) throws { #expect(self.show(try self.read(text)) == shown) }

    @Test(
        "what is no single sound document is refused with its place",
        arguments: [
            ("a: 1\na: 2", "line 2, column 1: key a occurs twice"),
            ("a: 1\n---\nb: 2", "line 2, column 1: a second document begins; only one is allowed"),
            ("a: *x", "line 1, column 4: alias *x names no value before it"),
            ("a: &x [*x]", "line 1, column 8: alias *x names no value before it"),
            ("? [a]\n: b", "line 1, column 3: a key must be a text"),
            ("a: [1", "line 2, column 1: not YAML: "), ("a: b: c", "line 1, column 5: not YAML: "),
            ("\tx: 1", "line 1, column 1: not YAML: "), ("a: 'x", "line 1, column 6: not YAML: "),
        ]
    )
    func refusals(_ text: String, _ beginning: String) {
        let error = #expect(throws: YAMLError.self) { try self.read(text) }
        #expect(error?.description.hasPrefix(beginning) == true, "\(error?.description ?? "")")
    }

    @Test("bytes that are no text are refused, and cost nothing else")
    func bytes() {
        for bytes in [[0xff, 0xfe, 0x00], [0x61, 0x3a, 0x20, 0xc3], [0x00], [0x61, 0x3a, 0x20, 0x07]] as [[UInt8]] {
            #expect(throws: YAMLError.self) { try YAMLReader.read(bytes) }
        }
    }

    @Test("size, number of values and depth are bounded")
    func bounds() throws {
        var limits = YAMLLimits()
        limits.bytes = 10
        limits.nodes = 4
        limits.depth = 2
        #expect(throws: Never.self) { try self.read("[a, [b]]", limits) }
        #expect(throws: YAMLError.self) { try self.read("[a, [b]]   ", limits) }
        #expect(throws: YAMLError.self) { try self.read("[a,b,c,d]", limits) }
        #expect(throws: YAMLError.self) { try self.read("{a: ,b: }", limits) }
        #expect(throws: YAMLError.self) { try self.read("[[[a]]]", limits) }
    }

    @Test("aliases that multiply run into the bound, not out of memory")
    func billionLaughs() {
        var text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
        for level in 1...12 {
            let before = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ",")
            text += "a\(level): &a\(level) [\(before)]\n"
        }
        let error = #expect(throws: YAMLError.self) { try self.read(text) }
        #expect(error?.message == "more than 1048576 values, aliases expanded")
    }

    @Test("deep nesting is refused quickly", arguments: ["[", "{a: ", "- "])
    func deep(_ unit: String) {
        let text = String(repeating: unit, count: 100_000)
        #expect(throws: YAMLError.self) { try self.read(text) }
    }
}
