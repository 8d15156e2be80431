package import AWSClient

/// Zones as Route 53 has them.
package struct Route53Zones: ZoneService {
    private let client: Route53Client

    /// Makes it over a client of Route 53.
    package init(client: Route53Client) {
        self.client = client
    }

    package func privateZones(named name: String) async throws -> [String] {
        try await self.client.hostedZones(named: name).filter(\.isPrivate).map(\.id)
    }

    package func records(of zone: String) async throws -> [RecordSet] {
        try await self.client.recordSets(zone: zone)
    }

    package func apply(_ changes: [RecordChange], to zone: String) async throws {
        try await self.client.change(zone: zone, changes)
    }
}
