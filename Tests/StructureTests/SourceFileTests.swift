import Testing

@Suite("Reading imports")
struct SourceFileTests {
    @Test(
        "finds the module in every form",
        arguments: [
            ("import Foundation", "Foundation"),
            ("package import MeshModel", "MeshModel"),
            ("@testable import TulleCLI", "TulleCLI"),
            ("@preconcurrency internal import struct Foundation.Data", "Foundation"),
            ("@_spi(Testing) import func Glibc.read", "Glibc"),
            ("    import NIOCore", "NIOCore"),
        ]
    )
    func finds(_ line: String, _ module: String) {
        #expect(SourceFile(path: "x", text: line).imports == [module])
    }

    @Test(
        "takes nothing else for an import",
        arguments: ["// import Foundation", "let importer = 1", "important()", "/// import x"]
    )
    func ignores(_ line: String) {
        #expect(SourceFile(path: "x", text: line).imports.isEmpty)
    }
}
