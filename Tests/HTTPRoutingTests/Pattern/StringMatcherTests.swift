import MeshProtos
import Testing

@testable import HTTPRouting

@Suite("Conditions on texts")
struct StringMatcherTests {
    private func matcher(
        _ kind: TulleL7.StringMatch.Kind,
        _ value: String,
        ignoringCase: Bool = false
    ) throws -> StringMatcher {
        var match = TulleL7.StringMatch()
        match.kind = kind
        match.value = value
        match.ignoreCase = ignoringCase
        return try StringMatcher(match)
    }

    @Test("compare bytes, not characters")
    func bytes() throws {
        #expect(try !self.matcher(.exact, "é").matches("e\u{301}"))
        #expect(try self.matcher(.exact, "é").matches("é"))
        #expect(try self.matcher(.prefix, "e").matches("e\u{301}"))
    }

    @Test("know exact, prefix, suffix, pattern and presence")
    func kinds() throws {
        #expect(try self.matcher(.exact, "ab").matches("ab"))
        #expect(try !self.matcher(.exact, "ab").matches("abc"))
        #expect(try !self.matcher(.exact, "ab").matches("AB"))
        #expect(try self.matcher(.prefix, "ab").matches("abc"))
        #expect(try !self.matcher(.prefix, "ab").matches("a"))
        #expect(try self.matcher(.suffix, "bc").matches("abc"))
        #expect(try !self.matcher(.suffix, "bc").matches("c"))
        #expect(try self.matcher(.regex, "a+").matches("aa"))
        #expect(try !self.matcher(.regex, "a+").matches("aab"))
        #expect(try self.matcher(.present, "").matches(""))
        #expect(try self.matcher(.regex, "*").matches(""))
    }

    @Test("ignore case where they shall")
    func ignoreCase() throws {
        #expect(try self.matcher(.exact, "aB", ignoringCase: true).matches("Ab"))
        #expect(try self.matcher(.prefix, "aB", ignoringCase: true).matches("AbC"))
        #expect(try self.matcher(.suffix, "BC", ignoringCase: true).matches("abc"))
        #expect(try self.matcher(.regex, "[a-c]+", ignoringCase: true).matches("AbC"))
        // Only letters fold.
        #expect(try !self.matcher(.exact, "[", ignoringCase: true).matches("{"))
    }

    @Test("are refused with the pattern at fault")
    func refuses() {
        #expect(throws: StringMatcherError.pattern("(", .syntax("a group is not closed", rest: 0))) {
            try self.matcher(.regex, "(")
        }
        #expect(throws: StringMatcherError.unknownKind(7)) {
            try self.matcher(TulleL7.StringMatch.Kind(rawValue: 7), "")
        }
    }
}
