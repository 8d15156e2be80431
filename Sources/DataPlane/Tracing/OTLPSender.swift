import Glibc
import MeshProtos

/// Who sends telemetry, as collectors know it.
package struct OTLPSender: Sendable {
    /// The program's name.
    package let program: String
    /// Facts about this process, by name; they win over what is known without them.
    package let resource: [String: String]

    /// Joins the two.
    package init(program: String, resource: [String: String]) {
        self.program = program
        self.resource = resource
    }

    /// The resource as it is sent.
    var encodedResource: OpenTelemetry.Resource {
        var facts = self.resource
        if facts["service.name"] == nil { facts["service.name"] = self.program }
        if facts["service.version"] == nil { facts["service.version"] = "\(Version.text)" }
        facts["telemetry.sdk.name"] = "tulle"
        facts["telemetry.sdk.language"] = "swift"
        facts["telemetry.sdk.version"] = "\(Version.text)"
        return .with { resource in
            resource.attributes = facts.sorted { $0.key < $1.key }.map { .init($0.key, $0.value) }
        }
    }

    /// The program text that everything comes from.
    /// - Parameter name: the scope's name; nil for the program's.
    func scope(_ name: String? = nil) -> OpenTelemetry.InstrumentationScope {
        .with { scope in
            scope.name = name ?? "tulle.\(self.program)"
            scope.version = "\(Version.text)"
        }
    }
}

/// The wall clock in the unit of OpenTelemetry's protocol.
enum WallClock {
    /// Nanoseconds since 1970.
    static var nanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
    }
}
