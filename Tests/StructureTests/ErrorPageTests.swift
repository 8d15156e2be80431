import Foundation
import Testing

@Suite("The page of codes")
struct ErrorPageTests {
    /// Files that declare a closed set of codes which people see.
    static let files = [
        "TulleCLI/TaskDefinition/EnrolmentRefusal.swift",
        "MeshModel/Route/RefusalCode.swift",
        "ZTunnel/Observe/ConnectionFailure.swift",
        "DataPlane/Dial/DialFailure.swift",
        "ZTunnel/Capture/CaptureRefusal.swift",
        "MeshIdentity/Errors/IdentityError.swift",
        "BoringTLS/Errors/TLSError.swift",
        "TunnelEngine/HTTP2/HTTP2Error.swift",
        "TunnelEngine/HTTP/HTTPRefusal.swift",
        "CertificateAuthority/Request/IssuanceRefusal.swift",
        "CertificateAuthority/Authority/AuthorityError.swift",
        "ControlPlane/Registry/MeshService.swift",
        "ControlPlane/Admin/AdminAnswer.swift",
        "ControlPlane/Replicas/SharedTableFault.swift",
        "Lab/LabError.swift",
    ]

    @Test("names every code of the program", arguments: files)
    func complete(_ path: String) throws {
        let page = try String(contentsOf: PackageDescription.root.appending(path: "docs/errors.md"), encoding: .utf8)
        let source = try String(
            contentsOf: PackageDescription.root.appending(path: "Sources/\(path)"),
            encoding: .utf8
        )
        let codes = Self.codes(in: source)
        #expect(!codes.isEmpty, "\(path) declares no code")
        for code in codes {
            #expect(page.contains("`\(code)`"), "docs/errors.md lacks \(code) of \(path)")
        }
    }

    @Test(
        "names every code that we put beside AWS's own",
        arguments: ["AWSClient/Errors/AWSError.swift", "ECSDiscovery/Worker/DiscoveryRound.swift"]
    )
    func besideAWS(_ path: String) throws {
        let page = try String(contentsOf: PackageDescription.root.appending(path: "docs/errors.md"), encoding: .utf8)
        let file = PackageDescription.root.appending(path: "Sources/\(path)")
        let source = try String(contentsOf: file, encoding: .utf8)
        let codes = source.split(separator: "\"").filter { text in
            text.hasPrefix("Tulle") && text.dropFirst(5).first?.isUppercase == true && text.allSatisfy(\.isLetter)
        }
        #expect(codes.count >= 4)
        for code in codes { #expect(page.contains("`\(code)`"), "docs/errors.md lacks \(code) of \(path)") }
    }

    /// Raw values of lines such as `case portReserved = "port_reserved"`.
    private static func codes(in source: String) -> [String] {
        source.split(separator: "\n").compactMap { line in
            let line = line.drop { $0 == " " }
            guard line.hasPrefix("case "), line.hasSuffix("\""), let equals = line.firstRange(of: " = \"") else {
                return nil
            }
            return String(line[equals.upperBound...].dropLast())
        }
    }
}
