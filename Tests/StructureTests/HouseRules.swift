/// The rooms of the house: their level, and the arrows that are allowed. Whoever adds an arrow adds it here too, and
/// says in the same change why the room below is the right one.
enum HouseRules {
    /// Arrows point from a higher level to a lower one.
    static let levels: [[String: Set<String>]] = [
        // L0: shims
        [
            "CMeshLinux": [],
            "CLibYAML": [],
            "BoringTLS": [],
        ],
        // L1: values
        [
            "MeshModel": [],
            "AWSSignature": [],
        ],
        // L2: foundations
        [
            "MeshYAML": ["CLibYAML"],
            "MeshProtos": [],
            "MeshTelemetry": [],
            "MeshIdentity": ["BoringTLS", "MeshModel"],
            "TunnelEngine": ["CMeshLinux", "BoringTLS", "MeshModel"],
            "AWSClient": ["AWSSignature"],
            "MeshConfig": ["MeshModel"],
        ],
        // L3: capabilities
        [
            "MeshXDS": ["MeshProtos"],
            "MeshDNS": ["MeshModel"],
            "HTTPRouting": ["MeshModel", "MeshProtos", "MeshTelemetry"],
            "ECSDiscovery": ["AWSClient", "MeshModel"],
            "CertificateAuthority": ["AWSClient", "AWSSignature", "MeshModel"],
        ],
        // L3, upper row: capabilities made of others
        [
            "MeshCompile": ["MeshConfig", "MeshModel", "MeshProtos", "MeshXDS"]
        ],
        // Between L3 and L4: what the data planes share
        [
            "DataPlane": [
                "AWSSignature", "BoringTLS", "MeshDNS", "MeshIdentity", "MeshModel", "MeshProtos", "MeshTelemetry",
                "MeshXDS", "TunnelEngine",
            ]
        ],
        // L4: products
        [
            "ControlPlane": [
                "AWSClient", "CertificateAuthority", "CMeshLinux", "ECSDiscovery", "MeshCompile", "MeshConfig",
                "MeshModel", "MeshProtos", "MeshTelemetry", "MeshXDS",
            ],
            "ZTunnel": [
                "BoringTLS", "CMeshLinux", "DataPlane", "MeshDNS", "MeshIdentity", "MeshModel", "MeshProtos",
                "MeshTelemetry", "MeshXDS", "MeshYAML", "TunnelEngine",
            ],
            "Waypoint": [
                "BoringTLS", "DataPlane", "HTTPRouting", "MeshDNS", "MeshIdentity", "MeshModel", "MeshProtos",
                "MeshTelemetry", "MeshXDS", "TunnelEngine",
            ],
            "TulleCLI": ["AWSClient", "MeshConfig", "MeshModel"],
            "Lab": ["AWSClient", "AWSSignature"],
        ],
        // L5: programs, wiring only
        [
            "ZTunnelMain": ["ZTunnel"],
            "WaypointMain": ["Waypoint"],
            "TulledMain": ["ControlPlane", "MeshConfig"],
            "TulleMain": ["TulleCLI"],
            "TulleLabMain": ["Lab"],
        ],
    ]

    /// What only tests lean on. No room may.
    static let testSupport: [String: Set<String>] = [
        "AWSTestSupport": ["AWSClient"],
        "DataPlaneTestSupport": [
            "BoringTLS", "DataPlane", "MeshDNS", "MeshIdentity", "MeshModel", "MeshProtos", "MeshTelemetry", "MeshXDS",
            "TunnelEngine",
        ],
        "FuzzTargets": [
            "BoringTLS", "DataPlane", "HTTPRouting", "MeshConfig", "MeshDNS", "MeshModel", "MeshProtos",
            "MeshTelemetry", "MeshXDS", "MeshYAML", "TunnelEngine", "ZTunnel",
        ],
    ]

    /// Level and allowed arrows of a room; `nil` for a room that is not in the table.
    static func room(_ name: String) -> (level: Int, arrows: Set<String>)? {
        for (level, rooms) in self.levels.enumerated() {
            if let arrows = rooms[name] { return (level, arrows) }
        }
        return nil
    }

    /// The programs that carry traffic.
    static let dataPlanes = ["ZTunnelMain", "WaypointMain"]

    /// What a data plane may take from outside: BoringSSL's package, in one room.
    static let dataPlaneProducts: [String: Set<String>] = ["BoringTLS": ["NIOSSL"]]

    /// Modules of the toolchain that a data plane may import. Not Foundation, not Dispatch, not the C library's
    /// other names.
    static let dataPlaneModules: Set<String> = ["Glibc", "Synchronization"]

    /// Modules outside our rooms that single rooms of a data plane may import.
    static let dataPlaneExceptions: [String: Set<String>] = ["BoringTLS": ["CNIOBoringSSL"]]
}
