// swift-tools-version: 6.2
import PackageDescription

/// One set of settings for every Swift target: the language's strict modes, and no warning left standing.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// A room whose code runs for each byte, request or connection. Its accesses are checked for exclusivity where tests run (debug
/// and sanitizers), and not in what ships: the checks are 15 % of a request's instructions in user space.
func hotRoom(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    let unchecked = SwiftSetting.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))
    return .target(name: name, dependencies: dependencies, swiftSettings: settings + [unchecked])
}

func program(_ name: String, path: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name,
        dependencies: dependencies,
        path: "Sources/Programs/\(path)",
        swiftSettings: settings
    )
}

func tests(_ room: String, _ dependencies: [Target.Dependency] = [], data: [String] = []) -> Target {
    .testTarget(
        name: "\(room)Tests",
        dependencies: [.byName(name: room)] + dependencies,
        exclude: data,
        swiftSettings: settings
    )
}

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let grpc: Target.Dependency = .product(name: "GRPCCore", package: "grpc-swift-2")
let grpcTransport: Target.Dependency = .product(name: "GRPCNIOTransportHTTP2", package: "grpc-swift-nio-transport")
let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
/// Only for the BoringSSL that it vendors; see BoringTLS.
let boringSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")

let package = Package(
    name: "tulle",
    products: [
        .executable(name: "ztunnel", targets: ["ZTunnelMain"]),
        .executable(name: "waypoint", targets: ["WaypointMain"]),
        .executable(name: "tulled", targets: ["TulledMain"]),
        .executable(name: "tulle", targets: ["TulleMain"]),
        .executable(name: "tulle-lab", targets: ["TulleLabMain"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        // CNIOBoringSSL is not a product of its package, hence the exact pin.
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.1"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // L0: shims
        .target(name: "CMeshLinux"),
        .systemLibrary(name: "CLibYAML", providers: [.apt(["libyaml-dev"])]),
        hotRoom("BoringTLS", [boringSSL]),
        // L1: values
        hotRoom("MeshModel"),
        room("AWSSignature"),
        // L2: foundations
        room("MeshYAML", ["CLibYAML"]),
        room("MeshProtos"),
        hotRoom("MeshTelemetry"),
        room("MeshIdentity", ["BoringTLS", "MeshModel"]),
        hotRoom("TunnelEngine", ["CMeshLinux", "BoringTLS", "MeshModel"]),
        room("AWSClient", ["AWSSignature", httpClient, crypto, logging, nio, nioHTTP1, boringSSL]),
        room("MeshConfig", ["MeshModel", yams]),
        // L3: capabilities
        room("MeshXDS", ["MeshProtos"]),
        room("MeshDNS", ["MeshModel"]),
        hotRoom("HTTPRouting", ["MeshModel", "MeshProtos", "MeshTelemetry"]),
        room("MeshCompile", ["MeshConfig", "MeshModel", "MeshProtos", "MeshXDS"]),
        room("ECSDiscovery", ["AWSClient", "MeshModel", logging]),
        room("CertificateAuthority", ["AWSClient", "AWSSignature", "MeshModel", x509, asn1, crypto, logging]),
        // Between L3 and L4: what the data planes share
        hotRoom(
            "DataPlane",
            [
                "AWSSignature", "BoringTLS", "MeshDNS", "MeshIdentity", "MeshModel", "MeshProtos", "MeshTelemetry",
                "MeshXDS", "TunnelEngine",
            ]
        ),
        // L4: products
        room(
            "ControlPlane",
            [
                "AWSClient", "CertificateAuthority", "CMeshLinux", "ECSDiscovery", "MeshCompile", "MeshConfig",
                "MeshModel", "MeshProtos", "MeshTelemetry", "MeshXDS", grpc, grpcTransport, x509, asn1, crypto, logging,
                lifecycle, nio, nioPosix, nioHTTP1, boringSSL, httpClient,
            ]
        ),
        hotRoom(
            "ZTunnel",
            [
                "BoringTLS", "DataPlane", "MeshDNS", "MeshIdentity", "MeshModel", "MeshProtos", "MeshTelemetry",
                "MeshXDS", "MeshYAML", "TunnelEngine",
            ]
        ),
        hotRoom(
            "Waypoint",
            [
                "BoringTLS", "DataPlane", "HTTPRouting", "MeshDNS", "MeshIdentity", "MeshModel", "MeshProtos",
                "MeshTelemetry", "MeshXDS", "TunnelEngine",
            ]
        ),
        room("TulleCLI", ["AWSClient", "MeshConfig", "MeshModel", arguments, logging]),
        room("Lab", ["AWSClient", "AWSSignature", httpClient, logging, nio, nioPosix, nioHTTP1]),
        // L5: programs
        program("ZTunnelMain", path: "ztunnel", ["ZTunnel"]),
        program("WaypointMain", path: "waypoint", ["Waypoint"]),
        program("TulledMain", path: "tulled", ["ControlPlane", "MeshConfig", arguments, logging, lifecycle, signals]),
        program("TulleMain", path: "tulle", ["TulleCLI", arguments]),
        program("TulleLabMain", path: "tulle-lab", ["Lab", arguments, logging]),
        // Tests
        tests("BoringTLS", data: ["Signature/Vectors", "Signature/make_vectors.py"]),
        tests("MeshModel"),
        tests("AWSSignature", [crypto]),
        tests("MeshYAML"),
        tests("MeshProtos", data: ["Fixtures", "make_fixtures.py"]),
        tests("MeshTelemetry"),
        tests("MeshIdentity", ["BoringTLS"]),
        tests("TunnelEngine", ["BoringTLS", "MeshIdentity", "MeshModel"]),
        .target(
            name: "AWSTestSupport",
            dependencies: ["AWSClient", logging, nio, nioPosix, nioHTTP1],
            path: "Tests/AWSTestSupport",
            swiftSettings: settings
        ),
        .target(
            name: "FuzzTargets",
            dependencies: [
                "BoringTLS", "DataPlane", "HTTPRouting", "MeshConfig", "MeshDNS", "MeshModel", "MeshProtos",
                "MeshTelemetry", "MeshXDS", "MeshYAML", "TunnelEngine", "ZTunnel",
            ],
            path: "Tests/FuzzTargets",
            swiftSettings: settings
        ),
        tests("FuzzTargets"),
        tests("AWSClient", ["AWSSignature", "AWSTestSupport", crypto, logging]),
        tests("MeshConfig", ["MeshModel"]),
        tests("MeshXDS", ["MeshProtos"]),
        tests("MeshDNS"),
        tests("HTTPRouting", ["MeshConfig", "MeshModel", "MeshProtos", "MeshTelemetry"]),
        tests("MeshCompile", ["MeshConfig", "MeshModel", "MeshProtos", "MeshXDS"]),
        tests("ECSDiscovery", ["AWSClient", "AWSSignature", "AWSTestSupport", "MeshModel", logging]),
        tests(
            "CertificateAuthority",
            ["AWSClient", "AWSSignature", "AWSTestSupport", "MeshModel", x509, crypto, asn1, logging]
        ),
        tests(
            "ControlPlane",
            [
                "AWSClient", "AWSSignature", "AWSTestSupport", "CertificateAuthority", "ECSDiscovery", "MeshCompile",
                "MeshConfig", "MeshModel", "MeshProtos", "MeshTelemetry", "MeshXDS", grpc, grpcTransport, x509, asn1,
                crypto, logging, lifecycle, nio, nioHTTP1,
            ]
        ),
        .target(
            name: "DataPlaneTestSupport",
            dependencies: [
                "BoringTLS", "DataPlane", "MeshDNS", "MeshIdentity", "MeshModel", "MeshProtos", "MeshTelemetry",
                "MeshXDS", "TunnelEngine",
            ],
            path: "Tests/DataPlaneTestSupport",
            swiftSettings: settings
        ),
        tests(
            "DataPlane",
            [
                "AWSSignature", "BoringTLS", "DataPlaneTestSupport", "MeshDNS", "MeshIdentity", "MeshModel",
                "MeshProtos", "MeshTelemetry", "MeshXDS", "TunnelEngine",
            ]
        ),
        tests(
            "ZTunnel",
            [
                "BoringTLS", "DataPlane", "DataPlaneTestSupport", "MeshDNS", "MeshIdentity", "MeshModel",
                "MeshProtos", "MeshTelemetry", "MeshXDS", "MeshYAML", "TunnelEngine",
            ]
        ),
        tests(
            "Waypoint",
            [
                "BoringTLS", "DataPlane", "DataPlaneTestSupport", "HTTPRouting", "MeshDNS", "MeshIdentity", "MeshModel",
                "MeshProtos", "MeshTelemetry", "MeshXDS", "TunnelEngine",
            ]
        ),
        tests("TulleCLI", ["AWSClient", "AWSTestSupport", "MeshConfig", "MeshModel", arguments, logging]),
        tests("Lab", [nio, nioPosix]),
        .testTarget(name: "StructureTests", path: "Tests/StructureTests", swiftSettings: settings),
    ]
)

// The fuzzer is built by scripts/fuzz.sh only: it needs the sanitizers' run time.
if Context.environment["TULLE_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "FuzzRunner",
            dependencies: ["FuzzTargets"],
            path: "Fuzz/Runner",
            swiftSettings: settings + [
                .enableExperimentalFeature("Extern"), .unsafeFlags(["-parse-as-library"]),
            ],
            // gold gives up on the debug information of a program of this size with the sanitizer's.
            linkerSettings: [.unsafeFlags(["-use-ld=lld"])]
        )
    )
}

// The benchmark of the control plane is built by scripts/bench-controlplane.sh only.
if Context.environment["TULLE_BENCH"] != nil {
    package.targets.append(
        .executableTarget(
            name: "ControlPlaneBenchmark",
            dependencies: [
                "CertificateAuthority", "ControlPlane", "MeshCompile", "MeshModel", "MeshProtos", "MeshXDS", grpc,
                grpcTransport, x509, asn1, crypto, logging,
            ],
            path: "Benchmarks/ControlPlane",
            swiftSettings: settings
        )
    )
}

// The program whose instructions are counted is built by scripts/instruction-counts.py only.
if Context.environment["TULLE_COUNTS"] != nil {
    package.targets.append(
        .executableTarget(
            name: "InstructionCounts",
            dependencies: [
                "BoringTLS", "DataPlane", "HTTPRouting", "MeshDNS", "MeshIdentity", "MeshModel", "MeshProtos",
                "MeshTelemetry", "MeshXDS", "TunnelEngine", "Waypoint", "ZTunnel",
            ],
            path: "Benchmarks/InstructionCounts",
            swiftSettings: settings
        )
    )
}

// Some targets with all that they lean on, for who builds anew with other settings: scripts/sanitize.sh builds one room's
// tests after the other, as a sanitizer's build of everything takes hours.
if let names = Context.environment["TULLE_TARGETS"] {
    var kept: Set<String> = []
    var open = names.split(separator: ",").map(String.init)
    while let name = open.popLast() {
        guard kept.insert(name).inserted else { continue }
        for dependency in package.targets.first(where: { $0.name == name })?.dependencies ?? [] {
            switch dependency {
            case .byNameItem(let below, _), .targetItem(let below, _): open.append(below)
            default: break
            }
        }
    }
    package.targets.removeAll { !kept.contains($0.name) }
    package.products.removeAll { product in
        !((product as? Product.Executable)?.targets.allSatisfy(kept.contains) ?? true)
    }
}
