import Testing

@testable import HTTPRouting

@Suite("Patterns in texts that come in pieces")
struct PatternSearchTests {
    private func search(_ pattern: String, _ text: [UInt8], piece: Int, isCut: Bool = false) throws -> PatternSearch {
        var search = PatternSearch(try RegularExpression(pattern, anywhere: true))
        var rest = text[...]
        while !rest.isEmpty {
            search.take(rest.prefix(piece))
            rest = rest.dropFirst(piece)
        }
        search.finish(isCut: isCut)
        return search
    }

    /// With tables and without, at the borders of the text and of words.
    @Test(
        "are found wherever the text is cut",
        arguments: [
            ("née", true), ("^ä", true), ("^née", false), ("🙂$", true), ("née$", false), (#"\bcat\b"#, true),
            (#"\bca\b"#, false), ("(?m)^cat", true), ("(?m)^at", false), ("x{3}", false), ("", true),
            (#"\A\z"#, false), ("[^a-zé-🙂 \n,]", true), ("(a|b)c", false), ("e,\ncat", true),
        ]
    )
    func pieces(_ pattern: String, _ isThere: Bool) throws {
        let text = Array("ä, née,\ncat 🙂".utf8)
        for piece in 1...text.count {
            #expect(try self.search(pattern, text, piece: piece).isFound == isThere, "in pieces of \(piece)")
        }
        #expect(
            try RegularExpression(pattern, anywhere: true).matchesWhole(String(decoding: text, as: UTF8.self))
                == isThere
        )
    }

    @Test("of nothing")
    func empty() throws {
        #expect(try self.search("", [], piece: 1).isFound)
        #expect(try self.search(#"\A\z"#, [], piece: 1).isFound)
        #expect(try !self.search("a", [], piece: 1).isFound)
    }

    @Test("bytes that are no text are said, but for a scalar that is cut off")
    func noText() throws {
        for piece in [1, 2, 3, 100] {
            #expect(try !self.search("a", [0x61, 0xff, 0x61], piece: piece).isText)
            #expect(try !self.search("a", Array("aé".utf8.dropLast()), piece: piece).isText)
            let cut = try self.search("é", Array("aé🙂".utf8.dropLast()), piece: piece, isCut: true)
            #expect(cut.isText && cut.isFound)
            #expect(try !self.search("a", [0x61, 0xff, 0xff, 0xff, 0xff], piece: piece, isCut: true).isText)
        }
    }

    /// What a backtracking engine needs the age of the universe for.
    @Test("take time linear in the text", arguments: ["(a*)*b", #"\b(a+)+$x"#, "(a|aa)+c"])
    func time(_ pattern: String) throws {
        let text = [UInt8](repeating: UInt8(ascii: "a"), count: 100_000)
        let clock = ContinuousClock()
        let start = clock.now
        #expect(try !self.search(pattern, text, piece: 4_096).isFound)
        #expect(start.duration(to: clock.now) < .seconds(20))
    }
}
