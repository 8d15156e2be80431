import DataPlane
import MeshProtos

/// The settings of TLS with applications that plans have in use. Those that are the same are one, so that connections stay
/// when a plan changes elsewhere, and roots are kept once.
struct UpstreamSecurities {
    private struct Kept<Value: AnyObject> {
        weak var value: Value?
    }

    private let roots: SystemRoots
    private var securities: [TulleL7.UpstreamTLS: Kept<UpstreamSecurity>] = [:]
    private var materials: [UpstreamMaterial.Source: Kept<UpstreamMaterial>] = [:]

    /// - Parameter roots: those of the system.
    init(roots: SystemRoots) { self.roots = roots }

    /// The settings, as long as some plan has them.
    mutating func security(_ settings: TulleL7.UpstreamTLS) -> UpstreamSecurity {
        if let known = self.securities[settings]?.value { return known }
        let made = UpstreamSecurity(settings, material: self.material(settings))
        self.securities = self.securities.filter { $0.value.value != nil }
        self.securities[settings] = Kept(value: made)
        return made
    }

    private mutating func material(_ settings: TulleL7.UpstreamTLS) -> UpstreamMaterial {
        let source = UpstreamMaterial.Source(settings, system: self.roots)
        if let known = self.materials[source]?.value { return known }
        let made = UpstreamMaterial(source)
        self.materials = self.materials.filter { $0.value.value != nil }
        self.materials[source] = Kept(value: made)
        return made
    }
}
