import Foundation
import Testing

@testable import MeshConfig

/// `docs/configuration.md` says what the code says.
@Suite struct ConfigurationPageTests {
    @Test func thePageIsWhatTheCodeSays() throws {
        let text = try String(contentsOf: ConfigurationPage.page, encoding: .utf8)
        let renewed = try ConfigurationPage.renewed(text)
        if ProcessInfo.processInfo.environment["TULLE_WRITE_PAGES"] != nil {
            try renewed.write(to: ConfigurationPage.page, atomically: true, encoding: .utf8)
        } else {
            #expect(text == renewed, "run scripts/configuration-page.sh")
        }
    }

    @Test func codesAreStableWords() {
        for code in ConfigurationCode.allCases {
            #expect(code.rawValue.allSatisfy { ($0.isLowercase && $0.isASCII) || $0 == "_" || $0.isNumber })
            #expect(code.summary.hasSuffix("."))
        }
    }
}
