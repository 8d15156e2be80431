import MeshProtos
import Testing

@testable import MeshXDS

/// Client and server back to back: whatever changes, is cut off or comes late, both end with the same resources.
@Suite struct ConversationTests {
    /// One client, one server, and what is between them.
    private struct World {
        var random: SeededGenerator
        var catalog = ResourceCatalog(logLimit: 64)
        var client: DeltaClient
        var server: DeltaServerStream?
        var toServer: [Request] = []
        var toClient: [Response] = []
        var held: [String: [String: [UInt8]]] = [policies: [:], addresses: [:]]
        var asked: Set<String> = []
        var streams = 0
        /// Responses sent and not yet answered, by type.
        var unanswered: [String: Int] = [:]
        let interest: DeltaClient.Interest

        init(seed: UInt64, interest: DeltaClient.Interest) {
            self.random = SeededGenerator(state: seed)
            self.interest = interest
            self.client = DeltaClient(
                node: .with { $0.id = "n" },
                types: [(policies, .wildcard), (addresses, interest)]
            )
        }

        mutating func connect() {
            self.streams += 1
            self.server = DeltaServerStream(id: "\(self.streams)")
            self.toServer = self.client.streamOpened()
            self.toClient = []
            self.unanswered = [:]
        }

        mutating func disconnect() {
            _ = self.client.streamEnded(.failed, random: &self.random)
            self.server = nil
            self.toServer = []
            self.toClient = []
        }

        mutating func push() {
            do throws(XDSStreamError) {
                self.enqueue(try self.server?.pushes(self.catalog, at: 0) ?? [])
            } catch {
                #expect(error == .tooFarBehind)
                self.disconnect()
            }
        }

        private mutating func enqueue(_ pushes: [DeltaPush]) {
            let responses = pushes.compactMap { try? $0.message }
            #expect(responses.count == pushes.count)
            for response in responses {
                self.unanswered[response.typeURL, default: 0] += 1
                #expect(self.unanswered[response.typeURL] == 1, "one response of a type is on its way")
            }
            self.toClient += responses
        }

        mutating func stepServer() {
            guard !self.toServer.isEmpty, self.server != nil else { return }
            let request = self.toServer.removeFirst()
            if !request.responseNonce.isEmpty { self.unanswered[request.typeURL] = 0 }
            do throws(XDSStreamError) {
                self.enqueue(try self.server?.receive(request, catalog: self.catalog, at: 0) ?? [])
            } catch {
                #expect(error == .tooFarBehind)
                self.disconnect()
            }
        }

        mutating func stepClient() {
            guard !self.toClient.isEmpty else { return }
            let update = self.client.receive(self.toClient.removeFirst())
            for name in update.removed { self.held[update.typeURL]?[name] = nil }
            for resource in update.resources { self.held[update.typeURL]?[resource.name] = resource.bytes }
            self.toServer.append(self.client.acknowledge(update))
            if self.interest == .wildcard { self.expectPoliciesOfWorkloads() }
        }

        /// A workload's bytes are the numbers of the policies that it lists.
        private func expectPoliciesOfWorkloads() {
            for bytes in self.held[addresses, default: [:]].values {
                for number in bytes { #expect(self.held[policies]?["p\(number)"] != nil, "a listed policy is there") }
            }
        }

        /// Changes policies and workloads together, so that workloads list policies that exist.
        mutating func change() {
            var numbers = Set(self.catalog.resources(of: policies).compactMap { UInt8($0.name.dropFirst()) })
            let number = UInt8.random(in: 0..<6, using: &self.random)
            if Bool.random(using: &self.random) { numbers.insert(number) } else { numbers.remove(number) }
            let content = UInt8.random(in: 0..<3, using: &self.random)
            var workloads = self.catalog.resources(of: addresses)
            let name = "w\(Int.random(in: 0..<12, using: &self.random))"
            workloads.removeAll { $0.name == name }
            if Int.random(in: 0..<3, using: &self.random) > 0 {
                workloads.append(ResourceCatalog.Resource(name: name, bytes: numbers.shuffled(using: &self.random)))
            }
            workloads = workloads.map { workload in
                ResourceCatalog.Resource(
                    name: workload.name,
                    bytes: workload.bytes.filter { numbers.contains($0) },
                    aliases: ["net/\(workload.name.dropFirst())"]
                )
            }
            self.catalog.replace(policies, with: numbers.map { resource("p\($0)", content) })
            self.catalog.replace(addresses, with: workloads)
            self.push()
        }

        mutating func ask() {
            let number = Int.random(in: 0..<12, using: &self.random)
            let name = Bool.random(using: &self.random) ? "w\(number)" : "net/\(number)"
            self.asked.insert(name)
            if let request = self.client.subscribe([name], to: addresses) { self.toServer.append(request) }
        }

        mutating func settle() {
            if self.server == nil { self.connect() }
            for _ in 0..<200 {
                if self.server == nil { self.connect() }
                self.stepServer()
                self.stepClient()
                if self.toServer.isEmpty, self.toClient.isEmpty { break }
            }
            #expect(self.toServer.isEmpty && self.toClient.isEmpty, "the conversation comes to rest")
        }

        func contents(_ type: String) -> [String: [UInt8]] {
            Dictionary(uniqueKeysWithValues: self.catalog.resources(of: type).map { ($0.name, $0.bytes) })
        }
    }

    @Test("wildcard", arguments: 0..<40)
    func wildcard(_ seed: UInt64) {
        var world = World(seed: seed, interest: .wildcard)
        for _ in 0..<15 {
            self.disturb(&world, asking: false)
            world.settle()
            #expect(world.held[policies] == world.contents(policies), "seed \(seed)")
            #expect(world.held[addresses] == world.contents(addresses), "seed \(seed)")
            #expect(world.client.isSynced)
        }
    }

    @Test("on demand", arguments: 0..<40)
    func onDemand(_ seed: UInt64) {
        var world = World(seed: seed, interest: .onDemand)
        for _ in 0..<15 {
            self.disturb(&world, asking: true)
            world.settle()
            #expect(world.held[policies] == world.contents(policies), "seed \(seed)")
            let wanted = world.contents(addresses).filter { name, _ in
                world.asked.contains(name) || world.asked.contains("net/\(name.dropFirst())")
            }
            #expect(world.held[addresses] == wanted, "seed \(seed)")
        }
    }

    private func disturb(_ world: inout World, asking: Bool) {
        for _ in 0..<Int.random(in: 0..<60, using: &world.random) {
            switch Int.random(in: 0..<20, using: &world.random) {
            case 0: world.server == nil ? world.connect() : world.disconnect()
            case 1..<5: world.change()
            case 5 where asking: world.ask()
            case 6..<13: world.stepServer()
            default: world.stepClient()
            }
        }
    }
}
