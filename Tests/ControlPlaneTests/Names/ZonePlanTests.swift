import AWSClient
import ControlPlane
import ECSDiscovery
import MeshModel
import Testing

@Suite struct ZonePlanTests {
    private static let mark = "\"heritage=tulle,owner=ecs-prod,mesh=prod.example\""

    private static let owner = ZoneOwner(trustDomain: "prod.example", clusterID: "ecs-prod")

    private func service(_ name: String, _ last: UInt32, namespace: String = "shop") -> MeshService {
        let hostname = "\(name).\(namespace).mesh.internal"
        return MeshService(
            key: MeshService.Key(namespace: namespace, hostname: hostname),
            name: name,
            hostnames: [hostname, "\(name).\(namespace)"],
            ports: [],
            address: IPAddress(v4: 240 << 24 | 240 << 16 | last),
            sources: []
        )
    }

    private func a(_ name: String, _ value: String, ttl: Int = 5) -> RecordSet {
        RecordSet(name: name, type: "A", timeToLive: ttl, values: [value])
    }

    private func txt(_ name: String) -> RecordSet {
        RecordSet(name: "_tulle.\(name)", type: "TXT", timeToLive: 5, values: [Self.mark])
    }

    private func plan(_ zone: String, _ services: [MeshService], _ existing: [RecordSet] = []) -> ZonePlan {
        ZonePlan(zone: zone, services: services, existing: existing, owner: Self.owner)
    }

    @Test func eachZoneGetsTheNamesThatLieInIt() {
        let services = [self.service("echo", 1), self.service("vault", 2, namespace: "bank")]
        #expect(
            self.plan("shop", services).changes == [
                .upsert(self.a("echo.shop", "240.240.0.1")), .upsert(self.txt("echo.shop")),
            ]
        )
        #expect(
            self.plan("mesh.internal", services).changes == [
                .upsert(self.a("echo.shop.mesh.internal", "240.240.0.1")), .upsert(self.txt("echo.shop.mesh.internal")),
                .upsert(self.a("vault.bank.mesh.internal", "240.240.0.2")),
                .upsert(self.txt("vault.bank.mesh.internal")),
            ]
        )
        #expect(self.plan("hop", services).changes.isEmpty, "a suffix of a label is not a zone above it")
        #expect(self.plan("shop", services).names == 1)
    }

    @Test func whatIsRightIsLeftAlone() {
        let existing = [self.a("echo.shop.", "240.240.0.1"), self.txt("echo.shop")]
        #expect(self.plan("shop", [self.service("echo", 1)], existing).changes.isEmpty)
    }

    @Test func whatIsOutOfDateIsReplaced() {
        let existing = [self.a("echo.shop", "240.240.0.9"), self.txt("echo.shop")]
        #expect(self.plan("shop", [self.service("echo", 1)], existing).changes.count == 2)
    }

    @Test func whatIsGoneIsRemoved() {
        let existing = [self.a("old.shop", "240.240.0.9", ttl: 60), self.txt("old.shop")]
        #expect(
            self.plan("shop", [], existing).changes == [
                .delete(self.a("old.shop", "240.240.0.9", ttl: 60)), .delete(self.txt("old.shop")),
            ]
        )
    }

    @Test(arguments: ["A", "CNAME", "AAAA", "NS"])
    func whatSomeoneElseHoldsIsNeverTouched(_ type: String) {
        let foreign = RecordSet(name: "echo.shop", type: type, timeToLive: 60, values: ["10.0.0.1"])
        let marked = RecordSet(
            name: "_tulle.other.shop",
            type: "TXT",
            timeToLive: 5,
            values: ["\"heritage=tulle,owner=another\""]
        )
        let plan = self.plan("shop", [self.service("echo", 1)], [foreign, self.a("other.shop", "1.2.3.4"), marked])
        #expect(plan.changes.isEmpty)
        #expect(plan.conflicts == ["echo.shop"])
    }

    @Test(arguments: ["TXT", "CNAME"])
    func aPlaceForOurMarkThatSomeoneElseHoldsIsNeverTouched(_ type: String) {
        let foreign = RecordSet(name: "_tulle.echo.shop.", type: type, timeToLive: 60, values: ["\"mine\""])
        let plan = self.plan("shop", [self.service("echo", 1)], [foreign])
        #expect(plan.changes.isEmpty)
        #expect(plan.conflicts == ["echo.shop"])
    }

    @Test func aZonesOwnNameServersStandInNobodysWay() {
        let own = RecordSet(name: "echo.shop.", type: "NS", timeToLive: 60, values: ["ns.example."])
        #expect(self.plan("echo.shop", [self.service("echo", 1)], [own]).conflicts.isEmpty)
    }

    private func marked(_ name: String, _ values: String...) -> RecordSet {
        RecordSet(name: "_tulle.\(name)", type: "TXT", timeToLive: 5, values: values)
    }

    @Test func anotherMeshsNamesStayThoughItsClusterHasTheSameName() {
        let other = ZoneOwner(trustDomain: "test.example", clusterID: "ecs-prod")
        let theirs = [self.a("old.shop", "240.240.0.9"), self.marked("old.shop", other.mark)]
        // One whose address is missing just now, and one whose mark has a second text.
        let bare = [self.marked("echo.shop", other.mark), self.marked("cart.shop", Self.mark, "more")]
        let plan = self.plan("shop", [self.service("echo", 1), self.service("cart", 2)], theirs + bare)
        #expect(plan.changes.isEmpty)
        #expect(plan.conflicts == ["cart.shop", "echo.shop"])
        #expect(plan.names == 0)
    }

    /// A mesh that is upgraded goes on with its names, and a new mesh takes none of another that is not upgraded yet.
    @Test func aMarkThatNamesNoMeshIsOursWhereWeWantTheName() {
        let early = "\"heritage=tulle,owner=ecs-prod\""
        let existing = [
            self.a("echo.shop", "240.240.0.1"), self.marked("echo.shop", early), self.a("old.shop", "240.240.0.9"),
            self.marked("old.shop", early), self.a("else.shop", "240.240.0.8"),
            self.marked("else.shop", "\"heritage=tulle,owner=ecs\""),
        ]
        let plan = self.plan("shop", [self.service("echo", 1)], existing)
        #expect(plan.changes == [.upsert(self.a("echo.shop", "240.240.0.1")), .upsert(self.txt("echo.shop"))])
        #expect(plan.leftovers == ["old.shop"])
        #expect(plan.conflicts.isEmpty)
        let after = [self.a("echo.shop", "240.240.0.1"), self.txt("echo.shop")]
        #expect(self.plan("shop", [], after).changes.count == 2, "from then on it is ours alone")
    }

    @Test func aMeshThatWasRenamedKeepsItsNames() {
        let old = ZoneOwner(trustDomain: "old.example", clusterID: "ecs-prod").mark
        let owner = ZoneOwner(trustDomain: "prod.example", aliases: ["old.example"], clusterID: "ecs-prod")
        let existing = [
            self.a("echo.shop", "240.240.0.1"), self.marked("echo.shop", old), self.a("old.shop", "240.240.0.9"),
            self.marked("old.shop", old),
        ]
        let plan = ZonePlan(zone: "shop", services: [self.service("echo", 1)], existing: existing, owner: owner)
        #expect(
            plan.changes == [
                .upsert(self.a("echo.shop", "240.240.0.1")), .upsert(self.txt("echo.shop")),
                .delete(self.a("old.shop", "240.240.0.9")), .delete(self.marked("old.shop", old)),
            ]
        )
    }

    @Test func aMarkFitsIntoOneTextOfDNS() {
        let owner = ZoneOwner(
            trustDomain: String(repeating: "d", count: 255),
            clusterID: String(repeating: "c", count: 63)
        )
        #expect(owner.mark.utf8.count <= 257, "255 between the quotes")
        let other = ZoneOwner(
            trustDomain: String(repeating: "d", count: 254),
            clusterID: String(repeating: "c", count: 63)
        )
        #expect(owner.mark != other.mark)
    }
}
