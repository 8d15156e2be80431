import AWSClient
import Foundation
package import Logging
package import MeshConfig

/// Takes the names of a mesh that is no more out of its zones of Route 53.
package enum ZoneRemoval {
    /// Removes what is marked as this mesh's in the configured zones, and nothing else.
    ///
    /// - Returns: a line for each zone.
    /// - Throws: `AWSError`; zones before the one that failed are done.
    package static func run(
        _ configuration: TulledConfiguration,
        environment: [String: String],
        logger: Logger
    ) async throws -> [String] {
        let client = AWSClient(
            try AWSConfiguration(environment: environment, region: configuration.regions.first),
            logger: logger
        )
        let keeper = ZoneKeeper(
            service: Route53Zones(client: client.route53()),
            zones: configuration.zones,
            owner: ZoneOwner(configuration),
            logger: logger
        )
        do {
            let done = try await keeper.removeAll()
            await client.shutdown()
            return done.map { zone in
                let rest =
                    zone.leftovers.isEmpty
                    ? ""
                    : "; left as their mark does not say which mesh's they are: "
                        + zone.leftovers.prefix(20).joined(separator: ", ")
                return "\(zone.zone): \(zone.removed) records removed\(rest)"
            }
        } catch {
            await client.shutdown()
            throw error
        }
    }
}

extension ZoneOwner {
    /// The owner that a configuration names.
    init(_ configuration: TulledConfiguration) {
        self.init(
            trustDomain: configuration.trustDomain,
            aliases: configuration.trustDomainAliases,
            clusterID: configuration.clusterID
        )
    }
}
