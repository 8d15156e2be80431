package import AWSClient
package import Logging
package import MeshConfig
import Synchronization

/// The calls that keeping a zone needs: Route 53, or a stand-in in tests.
package protocol ZoneService: Sendable {
    /// The private zones of this name.
    func privateZones(named name: String) async throws -> [String]
    /// Every record of a zone.
    func records(of zone: String) async throws -> [RecordSet]
    /// Applies changes, in batches.
    func apply(_ changes: [RecordChange], to zone: String) async throws
}

/// Keeps the services' names in private zones of Route 53, for tasks whose traffic is captured by address.
///
/// Works beside everything else: a fault here is logged and tried again, and never holds up a push. Each zone is read
/// whole at the start and every few minutes, because others may write to it; in between the last reading counts.
package final class ZoneKeeper: Sendable {
    /// How one zone does, for the debug page.
    package struct ZoneStatus: Sendable, Hashable, Codable {
        /// The zone as configured.
        package var zone: String
        /// How many names of services it holds.
        package var names = 0
        /// Names held by someone else.
        package var conflicts: [String] = []
        /// Names that nobody here wants, marked before marks named the mesh: ours of old, or another's.
        package var leftovers: [String] = []
        /// What went wrong last; nil when all is well.
        package var error: String?

        /// The names that somebody else holds, as what an owner should mend.
        package var findings: [RegistryFinding] {
            self.conflicts.map { name in
                RegistryFinding(
                    code: .nameHeld,
                    subject: name,
                    detail: "zone \(self.zone) has a record of it that is not ours and is left alone: delete that, "
                        + "or have clients use another name"
                )
            }
        }
    }

    fileprivate struct Reading {
        var id: String
        var records: [RecordSet]
        var until: ContinuousClock.Instant
    }

    private let service: any ZoneService
    private let zones: [TulledConfiguration.Zone]
    private let owner: ZoneOwner
    private let logger: Logger
    /// Nil until the mesh was looked at once: what is not known yet must not be taken for gone.
    private let wanted = Mutex<[MeshService]?>(nil)
    private let statuses = Mutex<[String: ZoneStatus]>([:])
    /// Wakes the run that is under way.
    private let signalling = Mutex<AsyncStream<Void>.Continuation?>(nil)

    /// Makes a keeper; `run` does the work.
    package init(service: any ZoneService, zones: [TulledConfiguration.Zone], owner: ZoneOwner, logger: Logger) {
        self.service = service
        self.zones = zones
        self.owner = owner
        self.logger = logger
    }

    /// Says what the zones should hold from now on.
    package func update(_ services: [MeshService]) {
        let isNew = self.wanted.withLock { wanted in
            guard wanted != services else { return false }
            wanted = services
            return true
        }
        if isNew { self.signalling.withLock { $0 }?.yield() }
    }

    /// How the zones do.
    package var status: [ZoneStatus] {
        self.statuses.withLock { $0.values.sorted { $0.zone < $1.zone } }
    }

    /// Works until cancelled; may be run again then, by one caller at a time.
    package func run() async {
        // One pending signal is enough: the work always takes the newest state.
        let (signal, signalling) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.signalling.withLock { $0 = signalling }
        signalling.yield()
        await withDiscardingTaskGroup { group in
            group.addTask {
                // Even without changes: others may have written to the zone, or a failure may be over.
                while (try? await Task.sleep(for: .seconds(60))) != nil { signalling.yield() }
            }
            var readings: [String: Reading] = [:]
            var failures = 0
            for await _ in signal {
                guard let services = self.wanted.withLock({ $0 }) else { continue }
                var isHealthy = true
                for zone in self.zones {
                    isHealthy = await self.keep(zone, services: services, readings: &readings) && isHealthy
                }
                failures = isHealthy ? 0 : min(failures + 1, 6)
                if !isHealthy {
                    let pause = Double.random(in: 0.5...1) * Double(1 << failures)
                    guard (try? await Task.sleep(for: .seconds(pause))) != nil else { break }
                    signalling.yield()
                }
            }
            group.cancelAll()
        }
    }

    /// Takes our names out of all zones, and leaves those of others: how a mesh is uninstalled. Nobody may keep the zones
    /// meanwhile.
    ///
    /// - Returns: of each zone, how many records were removed, and which names with a mark of old are left.
    /// - Throws: what the service says; zones before the one that failed are done.
    package func removeAll() async throws -> [(zone: String, removed: Int, leftovers: [String])] {
        var done: [(zone: String, removed: Int, leftovers: [String])] = []
        for zone in self.zones {
            let reading = try await self.read(zone)
            let name = try self.name(of: zone, reading: reading)
            let plan = ZonePlan(zone: name, services: [], existing: reading.records, owner: self.owner)
            if !plan.changes.isEmpty { try await self.service.apply(plan.changes, to: reading.id) }
            done.append((name, plan.changes.count, plan.leftovers))
        }
        return done
    }

    private func keep(
        _ zone: TulledConfiguration.Zone,
        services: [MeshService],
        readings: inout [String: Reading]
    ) async -> Bool {
        let label =
            switch zone {
            case .id(let id): id
            case .name(let name): name
            }
        var status = ZoneStatus(zone: label)
        do {
            var reading =
                if let known = readings[label], known.until > .now { known } else { try await self.read(zone) }
            readings[label] = nil  // stays unread should the change fail
            let name = try self.name(of: zone, reading: reading)
            let plan = ZonePlan(zone: name, services: services, existing: reading.records, owner: self.owner)
            if !plan.changes.isEmpty {
                try await self.service.apply(plan.changes, to: reading.id)
                reading.apply(plan.changes)
                self.logger.info(
                    "zone updated",
                    metadata: ["dns.zone": "\(label)", "dns.changes": "\(plan.changes.count)"]
                )
            }
            readings[label] = reading
            status.names = plan.names
            status.conflicts = plan.conflicts
            status.leftovers = plan.leftovers
        } catch {
            status.error = String("\(error)".prefix(512))
            let isNew = self.statuses.withLock { $0[label]?.error != status.error }
            if isNew {
                self.logger.warning(
                    "zone cannot be kept",
                    metadata: ["dns.zone": "\(label)", "error": "\(status.error ?? "")"]
                )
            }
        }
        self.statuses.withLock { $0[label] = status }
        return status.error == nil
    }

    private func read(_ zone: TulledConfiguration.Zone) async throws -> Reading {
        let id: String
        switch zone {
        case .id(let given):
            id = given
        case .name(let name):
            let found = try await self.service.privateZones(named: name)
            guard let only = found.first, found.count == 1 else {
                throw AWSError(
                    service: "route53",
                    action: "ListHostedZonesByName",
                    code: "ZoneNotUnique",
                    message: "\(found.count) private zones are named \(name): create one, or name it by id",
                    kind: .notFound
                )
            }
            id = only
        }
        let records = try await self.service.records(of: id)
        return Reading(id: id, records: records, until: .now + .seconds(300))
    }

    /// The zone's name: as configured, or that of its SOA record.
    private func name(of zone: TulledConfiguration.Zone, reading: Reading) throws -> String {
        if case .name(let name) = zone { return name }
        guard let start = reading.records.first(where: { $0.type == "SOA" }) else {
            throw AWSError(
                service: "route53",
                action: "ListResourceRecordSets",
                code: "ZoneWithoutStart",
                message: "the zone has no SOA record, so its name is not known: name it by name",
                kind: .server
            )
        }
        return start.name.hasSuffix(".") ? String(start.name.dropLast()) : start.name
    }
}

extension ZoneKeeper.Reading {
    /// The records as they are after the changes.
    fileprivate mutating func apply(_ changes: [RecordChange]) {
        var byKey = Dictionary(self.records.map { ("\($0.type) \($0.name)", $0) }) { first, _ in first }
        for change in changes {
            switch change {
            case .upsert(let record): byKey["\(record.type) \(record.name)"] = record
            case .delete(let record): byKey["\(record.type) \(record.name)"] = nil
            }
        }
        self.records = byKey.values.sorted { ($0.name, $0.type) < ($1.name, $1.type) }
    }
}
