import Testing

@testable import DataPlane

struct JSONWriterTests {
    @Test func writesCompactlyInTheOrderOfTheCalls() {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("b", "x/y")
            writer.member("a", -5)
            writer.name("list")
            writer.array { writer in
                writer.bool(true)
                writer.null()
                writer.object { _ in }
                writer.array { _ in }
                writer.string("")
            }
            writer.member("is", false)
        }
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == #"{"b":"x/y","a":-5,"list":[true,null,{},[],""],"is":false}"#
        )
    }

    @Test func whatItWritesReadsBackTheSame() throws {
        let text = String(decoding: (0...0x7F as ClosedRange<UInt8>).map { $0 }, as: UTF8.self) + "é😀"
        var inner = JSONObject()
        let isAdded = inner.add(text, .array([.number("1e5"), .string(text), .null]))
        let isAddedAgain = inner.add(text, .null)
        #expect(isAdded && !isAddedAgain)
        let value = JSONValue.array([.object(inner), .bool(false)])
        var writer = JSONWriter()
        writer.value(value)
        #expect(try JSONReader.parse(writer.bytes) == value)
    }

    @Test func writesALineAValueForPeople() {
        var writer = JSONWriter(pretty: true)
        writer.object { writer in
            writer.member("a", 1)
            writer.name("b")
            writer.array { writer in
                writer.string("x")
                writer.object { _ in }
            }
            writer.name("c")
            writer.array { _ in }
        }
        let text = """
            {
              "a": 1,
              "b": [
                "x",
                {}
              ],
              "c": []
            }
            """
        #expect(String(decoding: writer.bytes, as: UTF8.self) == text)
    }

    @Test func goesOnBehindWhatWasTaken() {
        var writer = JSONWriter()
        writer.beginArray()
        writer.integer(1)
        var bytes = writer.take()
        writer.beginObject()
        writer.member("a", true)
        writer.endObject()
        bytes += writer.take()
        writer.endArray()
        bytes += writer.take()
        #expect(String(decoding: bytes, as: UTF8.self) == #"[1,{"a":true}]"#)
    }
}
