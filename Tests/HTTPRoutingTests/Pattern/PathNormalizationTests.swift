import MeshProtos
import Testing

@testable import HTTPRouting

@Suite("Normalising paths")
struct PathNormalizationTests {
    /// §4.5 of the waypoint's reference: the input, then what each mode makes of it.
    static let table: [(String, none: String, base: String, merge: String, decode: String)] = [
        ("/app#foo", "/app", "/app", "/app", "/app"),
        ("/app/../admin", "/app/../admin", "/admin", "/admin", "/admin"),
        ("/app//", "/app//", "/app//", "/app/", "/app/"),
        ("/app/%2f", "/app/%2f", "/app/%2f", "/app/%2f", "/app/"),
        ("/app%2f/", "/app%2f/", "/app%2f/", "/app%2f/", "/app/"),
        ("/xyz%30..//abc", "/xyz%30..//abc", "/xyz0..//abc", "/xyz0../abc", "/xyz0../abc"),
        ("/app/%2E./admin", "/app/%2E./admin", "/admin", "/admin", "/admin"),
        ("/app\\admin", "/app\\admin", "/app/admin", "/app/admin", "/app/admin"),
        ("/app/\\/\\/\\admin", "/app/\\/\\/\\admin", "/app//////admin", "/app/admin", "/app/admin"),
        (
            "/%2Fapp%5cadmin%5Cabc", "/%2Fapp%5cadmin%5Cabc", "/%2Fapp%5cadmin%5Cabc", "/%2Fapp%5cadmin%5Cabc",
            "/app/admin/abc"
        ),
        (
            "/%5Capp%2f%5c%2F%2e%2e%2fadmin%5c\\abc", "/%5Capp%2f%5c%2F%2e%2e%2fadmin%5c\\abc",
            "/%5Capp%2f%5c%2F..%2fadmin%5c/abc", "/%5Capp%2f%5c%2F..%2fadmin%5c/abc", "/app/admin/abc"
        ),
        ("/app//../admin", "/app//../admin", "/app/admin", "/app/admin", "/app/admin"),
        ("/app//../../admin", "/app//../../admin", "/admin", "/admin", "/admin"),
        ("/%c0%2fadmin", "/%c0%2fadmin", "/%c0%2fadmin", "/%c0%2fadmin", "/%c0/admin"),
        (
            "/%c0%2e%c0%2e/admin", "/%c0%2e%c0%2e/admin", "/%c0.%c0./admin", "/%c0.%c0./admin", "/%c0.%c0./admin"
        ),
        // What must stay as it is.
        ("/..;/admin", "/..;/admin", "/..;/admin", "/..;/admin", "/..;/admin"),
        ("/admin;a=b", "/admin;a=b", "/admin;a=b", "/admin;a=b", "/admin;a=b"),
        ("/%252e%252e/a", "/%252e%252e/a", "/%252e%252e/a", "/%252e%252e/a", "/%252e%252e/a"),
        ("/0x2e0x2e/a", "/0x2e0x2e/a", "/0x2e0x2e/a", "/0x2e0x2e/a", "/0x2e0x2e/a"),
        ("/Admin", "/Admin", "/Admin", "/Admin", "/Admin"),
        ("/a%", "/a%", "/a%", "/a%", "/a%"),
        ("/a%2", "/a%2", "/a%2", "/a%2", "/a%2"),
        ("/a%zz", "/a%zz", "/a%zz", "/a%zz", "/a%zz"),
        // The query is never touched, and goes only with a fragment.
        ("/a/../b?x=/../%2f//#f", "/a/../b?x=/../%2f//", "/b?x=/../%2f//", "/b?x=/../%2f//", "/b?x=/../%2f//"),
        ("/a?b#c?d", "/a?b", "/a?b", "/a?b", "/a?b"),
        ("/a?//", "/a?//", "/a?//", "/a?//", "/a?//"),
        // Dot segments at the borders.
        ("/", "/", "/", "/", "/"),
        ("/.", "/.", "/", "/", "/"),
        ("/..", "/..", "/", "/", "/"),
        ("/a/.", "/a/.", "/a/", "/a/", "/a/"),
        ("/a/..", "/a/..", "/", "/", "/"),
        ("/a/b/..", "/a/b/..", "/a/", "/a/", "/a/"),
        ("/./a/./b", "/./a/./b", "/a/b", "/a/b", "/a/b"),
        ("/...", "/...", "/...", "/...", "/..."),
        ("/../../a", "/../../a", "/a", "/a", "/a"),
        ("//a", "//a", "//a", "/a", "/a"),
        ("*", "*", "*", "*", "*"),
    ]

    @Test("follows the table in every mode", arguments: Self.table)
    func follows(_ input: String, none: String, base: String, merge: String, decode: String) throws {
        #expect(try PathNormalization(.none).normalize(input) == none)
        #expect(try PathNormalization(.base).normalize(input) == base)
        #expect(try PathNormalization(.mergeSlashes).normalize(input) == merge)
        #expect(try PathNormalization(.decodeAndMergeSlashes).normalize(input) == decode)
    }

    @Test("a normal path stays normal", arguments: Self.table)
    func idempotent(_ row: (String, none: String, base: String, merge: String, decode: String)) throws {
        #expect(try PathNormalization(.base).normalize(row.base) == row.base)
        #expect(try PathNormalization(.mergeSlashes).normalize(row.merge) == row.merge)
        #expect(try PathNormalization(.decodeAndMergeSlashes).normalize(row.decode) == row.decode)
    }

    @Test(
        "decodes unreserved characters of 255 escapes, and slashes where it shall",
        arguments: 1...255 as ClosedRange<UInt8>
    )
    func escapes(_ byte: UInt8) throws {
        let hex = "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        let character = Character(Unicode.Scalar(byte))
        let isUnreserved = character.isASCII && (character.isLetter || character.isNumber || "-._~".contains(character))
        let expected = "/x" + (isUnreserved ? String(character) : hex) + "y"
        #expect(try PathNormalization(.base).normalize("/x\(hex)y") == expected)
        let isSlash = character == "/" || character == "\\"
        #expect(try PathNormalization(.decodeAndMergeSlashes).normalize("/x\(hex)y") == (isSlash ? "/x/y" : expected))
        #expect(try PathNormalization(.none).normalize("/x\(hex)y") == "/x\(hex)y")
    }

    @Test(
        "refuses NUL in every mode",
        arguments: ["/admin%00", "/%00", "/a\u{0}b"],
        [PathNormalization.Mode.none, .base, .mergeSlashes, .decodeAndMergeSlashes]
    )
    func nul(_ path: String, _ mode: PathNormalization.Mode) {
        #expect(throws: PathNormalizationError.nul) { try PathNormalization(mode).normalize(path) }
    }

    @Test("refuses what is no path", arguments: ["", "admin", "http://a/b", "?a", "#", "**"])
    func notAbsolute(_ path: String) {
        #expect(throws: PathNormalizationError.notAbsolute) { try PathNormalization(.base).normalize(path) }
    }

    @Test(
        "strips path parameters before it looks at dot segments",
        arguments: [
            ("/..;/admin", "/admin"), ("/a/..;x=y/admin;z", "/admin"), ("/public;/../admin", "/admin"),
            ("/a;b=/../admin", "/admin"), ("/a;b/c;d?e;f", "/a/c?e;f"), ("/a;b\\..\\c", "/c"),
        ]
    )
    func strips(_ path: String, _ expected: String) throws {
        #expect(try PathNormalization(.base, parameters: .strip).normalize(path) == expected)
    }

    @Test("refuses path parameters where the mesh says so")
    func rejects() throws {
        let rule = PathNormalization(.base, parameters: .reject)
        #expect(throws: PathNormalizationError.parameters) { try rule.normalize("/..;/admin") }
        #expect(try rule.normalize("/a?b;c") == "/a?b;c")
    }

    @Test("refuses paths that do not decode to UTF-8 where the mesh says so")
    func utf8() throws {
        let rule = PathNormalization(.base, rejectsNonUTF8: true)
        #expect(throws: PathNormalizationError.notUTF8) { try rule.normalize("/%c0%2fadmin") }
        #expect(try rule.normalize("/%c3%a9") == "/%c3%a9")
    }

    @Test("reads the mesh's settings")
    func settings() {
        var settings = TulleL7.WaypointSettings()
        #expect(PathNormalization(settings) == PathNormalization(.base))
        settings.paths = .decodeAndMergeSlashes
        settings.parameters = .reject
        #expect(PathNormalization(settings) == PathNormalization(.decodeAndMergeSlashes, parameters: .reject))
        settings.paths = TulleL7.WaypointSettings.PathRule(rawValue: 9)
        #expect(PathNormalization(settings) == nil)
    }
}
