import AWSClient
import Testing

struct XMLElementTests {
    @Test
    func readsWhatServicesAnswer() throws {
        let text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <!-- hello -->
            <ns:Response xmlns:ns="urn:x" a='1 &lt; 2'>
              <Item>one &amp; two</Item><Item/><![CDATA[<raw>]]>
              <?note x?><Code>&#65;&#x42;</Code>
            </ns:Response>
            """
        let root = try XMLElement(parsing: text.utf8)
        #expect(root.name == "Response")
        #expect(root.attributes["a"] == "1 < 2")
        #expect(root.all("Item").map(\.text) == ["one & two", ""])
        #expect(root.only("Item") == nil)
        #expect(root.only("Code")?.text == "AB")
        #expect(root.text == "<raw>")
    }

    @Test(arguments: [
        "", "text", "<a>", "<a></b>", "<a/><b/>", "<a/>x", "<a b></a>", "<a b=c/>", "<a b=\"1\" b=\"2\"/>",
        "<a b=\"1\"c=\"2\"/>",
        "<a>&unknown;</a>", "<a>&</a>", "<a>&#xD800;</a>", "<a>&#1114112;</a>", "<a><!-- </a>", "<a><![CDATA[</a>",
        "< a/>",
        "<a", "<a b=\"", "</a>",
    ])
    func refusesWhatIsNotWellFormed(_ text: String) {
        #expect(throws: XMLError.self) { try XMLElement(parsing: text.utf8) }
    }

    @Test
    func refusesDocumentTypes() {
        #expect(throws: XMLError.documentTypeRefused) {
            try XMLElement(parsing: "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>".utf8)
        }
    }

    @Test
    func boundsDepthAndSize() throws {
        func nested(_ levels: Int) -> String {
            String(repeating: "<a>", count: levels) + String(repeating: "</a>", count: levels)
        }
        #expect(throws: Never.self) { try XMLElement(parsing: nested(32).utf8) }
        #expect(throws: XMLError.tooDeep(offset: 96)) { try XMLElement(parsing: nested(33).utf8) }
        #expect(throws: XMLError.tooDeep(offset: 96)) { try XMLElement(parsing: nested(50_000).utf8) }
        var limits = XMLLimits()
        limits.bytes = 3
        #expect(throws: XMLError.tooLarge(4)) { try XMLElement(parsing: "<a/>".utf8, limits: limits) }
    }

    @Test
    func refusesTextThatIsNotUTF8() {
        #expect(throws: XMLError.invalidText) {
            try XMLElement(parsing: Array("<a>".utf8) + [0xff] + Array("</a>".utf8))
        }
    }

    @Test
    func readsBackWhatItWrites() throws {
        let element = XMLElement(
            "A",
            attributes: ["x": "\"<&>\""],
            children: [XMLElement("B", text: "1 < 2 & 3 > \"0\"")]
        )
        #expect(try XMLElement(parsing: element.document.utf8) == element)
    }
}
