import MeshProtos
import Synchronization

/// The resources and removals of one response, as bytes that any number of streams may send.
struct ResourceSection: Hashable, Sendable {
    /// How many names are kept of what a response brought, for the report of a rejection.
    static let samples = 16

    /// Field 2 of the response, each resource with tag and length.
    let resources: [UInt8]
    /// Field 6 of the response.
    let removed: [UInt8]
    /// How many resources are in it.
    let count: Int
    /// The first names in it, resources before removals.
    let names: [String]

    /// Encodes resources in the order of their names.
    init(
        _ resources: some Sequence<ResourceCatalog.Resource>,
        removed: some Sequence<String>,
        typeURL: String,
        withAliases: Bool
    ) {
        let resources = resources.sorted { $0.name < $1.name }
        let removed = removed.sorted()
        var message = EnvoyDiscovery.DeltaDiscoveryResponse()
        message.resources = resources.map { resource in
            .with {
                $0.name = resource.name
                $0.version = resource.version
                $0.aliases = withAliases ? resource.aliases : []
                $0.resource = .with {
                    $0.typeURL = typeURL
                    $0.value = resource.bytes
                }
            }
        }
        self.resources = message.serialized
        message.resources = []
        message.removedResources = removed
        self.removed = message.serialized
        self.count = resources.count
        self.names = Array((resources.lazy.map(\.name) + removed).prefix(Self.samples))
    }
}

/// The sections that streams at one revision of one type share.
///
/// A class, so that copies of a catalog share it too: what one stream has encoded, the others find.
final class SharedSections: Sendable {
    /// What a stream has already.
    enum Basis: Hashable, Sendable {
        /// Nothing: it gets all there is.
        case nothing
        /// All up to this revision: it gets what changed since.
        case revision(UInt64)
    }

    /// Streams that are further apart than this encode for themselves.
    private static let kept = 8
    private let state = Mutex<(sections: [Basis: ResourceSection], made: Int)>(([:], 0))

    /// The section for a basis; made under the lock, as all who come meanwhile want the same.
    func section(from basis: Basis, make: () -> ResourceSection?) -> ResourceSection? {
        self.state.withLock { state in
            if let section = state.sections[basis] { return section }
            guard let section = make() else { return nil }
            state.made += 1
            if state.sections.count < Self.kept { state.sections[basis] = section }
            return section
        }
    }

    /// How many sections were made.
    var made: Int { self.state.withLock { $0.made } }
}
