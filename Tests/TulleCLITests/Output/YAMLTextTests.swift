import AWSClient
import Testing

@testable import TulleCLI

@Suite("YAML as it is written")
struct YAMLTextTests {
    @Test("nests maps and lists in block style")
    func nested() {
        let value: JSONValue = [
            "a": ["b": [["c": 1, "d": [2, [3, 4]]], [], [:], nil]], "e": [], "f": [:], "g": true, "h": nil,
        ]
        #expect(
            YAMLText.document(value) == """
                a:
                  b:
                  - c: 1
                    d:
                    - 2
                    - - 3
                      - 4
                  - []
                  - {}
                  - null
                e: []
                f: {}
                g: true
                h: null
                """
        )
        #expect(YAMLText.document("x") == "x")
        #expect(YAMLText.documents([["a": 1], ["b": 2]]) == "a: 1\n---\nb: 2")
    }

    @Test(
        "texts that YAML would read as something else are quoted",
        arguments: [
            "", "true", "No", "null", "~", "1", "1.5", "0x1f", "1e3", "2026-01-01", "10:20", "- a", "a: b", "a #b", "*",
            "&a",
            "!t", "%", "@x", "`x`", "{a}", "[a]", "a:", " a", "a ", "?", "|", ">", "ä\u{1}", ".5", "-1", "1_000",
        ]
    )
    func quoted(_ text: String) {
        #expect(YAMLText.document(["k": .string(text)]) == "k: \(JSONValue.string(text).text())")
    }

    @Test(
        "other texts are plain",
        arguments: [
            "a", "a b", "a-b.c/d_e", "10.0.0.1", "10.0.0.0/8", "v1", "arn:aws:iam::1:role/x", "http://a/b", "/x",
        ]
    )
    func plain(_ text: String) {
        #expect(YAMLText.document(["k": .string(text)]) == "k: \(text)")
    }

    @Test("several lines are a block that keeps its end")
    func blocks() {
        #expect(YAMLText.document(["k": ["p": "a\n\nb\n"]]) == "k:\n  p: |\n    a\n\n    b")
        #expect(YAMLText.document(["k": "a\nb"]) == "k: |-\n  a\n  b")
        #expect(YAMLText.document(["k": " a\nb"]) == #"k: " a\nb""#)
        #expect(YAMLText.document(["k": "a\n\n"]) == #"k: "a\n\n""#)
    }
}
