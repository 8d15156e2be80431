import BoringTLS
import Testing

struct PEMBlockTests {
    @Test func blocksComeBackInOrder() throws {
        let first = PEMBlock(label: "CERTIFICATE", bytes: RandomBytes.make(500))
        let second = PEMBlock(label: "PRIVATE KEY", bytes: [1])
        let text =
            "subject=…\r\n" + first.text.split(separator: "\n").joined(separator: "\r\n") + "\n\n  " + second.text
        #expect(try PEMBlock.parse(text) == [first, second])
        #expect(try PEMBlock.parse("") == [])
    }

    @Test(
        arguments: [
            ("-----BEGIN A-----\nAQ==\n", .unterminated(line: 1)),
            ("-----BEGIN A-----\n-----BEGIN B-----\n", .unterminated(line: 1)),
            ("x\n-----END A-----\n", .unexpectedEnd(line: 2)),
            ("-----BEGIN A-----\nAQ==\n-----END B-----\n", .unexpectedEnd(line: 3)),
            ("\n-----BEGIN A-----\nA*==\n-----END A-----\n", .invalidBase64(line: 2)),
        ] as [(String, PEMBlock.Failure)]
    )
    func brokenTextNamesTheLine(_ text: String, _ failure: PEMBlock.Failure) {
        #expect(throws: failure) { try PEMBlock.parse(text) }
    }

    @Test func sizeAndCountAreBounded() {
        #expect(throws: PEMBlock.Failure.tooLarge(bytes: PEMBlock.textLimit + 1)) {
            try PEMBlock.parse(String(repeating: "a", count: PEMBlock.textLimit + 1))
        }
        let block = PEMBlock(label: "A", bytes: [1]).text
        #expect(throws: PEMBlock.Failure.tooManyBlocks) {
            try PEMBlock.parse(String(repeating: block, count: PEMBlock.blockLimit + 1))
        }
    }
}
