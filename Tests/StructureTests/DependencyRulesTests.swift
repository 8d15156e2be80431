import Foundation
import Testing

@Suite("The structure of the house")
struct DependencyRulesTests {
    private let package: PackageDescription

    init() throws {
        self.package = try PackageDescription.current.get()
    }

    private var rooms: [PackageDescription.Target] {
        self.package.targets.filter { $0.type != "test" && HouseRules.testSupport[$0.name] == nil }
    }

    @Test("every room stands in the table, and every row of the table is a room")
    func table() {
        let rows = Set(HouseRules.levels.flatMap(\.keys))
        #expect(Set(self.rooms.map(\.name)) == rows)
    }

    @Test("every arrow is in the table and points down")
    func arrows() throws {
        for target in self.rooms {
            let room = try #require(HouseRules.room(target.name), "\(target.name) is not in the table")
            for below in target.rooms {
                #expect(room.arrows.contains(below), "the arrow \(target.name) → \(below) is not in the table")
                let other = try #require(HouseRules.room(below), "\(below) is not in the table")
                #expect(other.level < room.level, "the arrow \(target.name) → \(below) does not point down")
            }
        }
    }

    @Test("test support leans on its rooms only, and no room leans on it")
    func testSupport() throws {
        for (name, arrows) in HouseRules.testSupport {
            let target = try #require(self.package.targets.first { $0.name == name })
            #expect(target.path?.hasPrefix("Tests/") == true, "\(name) does not stand under Tests")
            #expect(Set(target.rooms) == arrows)
            #expect(!self.rooms.contains { $0.rooms.contains(name) }, "a room depends on \(name)")
        }
    }

    @Test("a room imports only the rooms that its target names")
    func importsFollowArrows() throws {
        let names = Set(self.rooms.map(\.name))
        for target in self.rooms {
            let allowed = Set(target.rooms)
            for file in try SourceFile.all(in: target.folder) {
                for module in file.imports where names.contains(module) {
                    #expect(allowed.contains(module), "\(file.path) imports \(module), which its target does not name")
                }
            }
        }
    }

    @Test("only one room imports BoringSSL")
    func boringSSL() throws {
        for target in self.rooms where target.name != "BoringTLS" {
            for file in try SourceFile.all(in: target.folder) {
                #expect(!file.imports.contains("CNIOBoringSSL"), "\(file.path) imports BoringSSL itself")
                #expect(!file.imports.contains("CCryptoBoringSSL"), "\(file.path) imports BoringSSL itself")
            }
        }
    }

    @Test("the values import nothing at all")
    func values() throws {
        for room in ["MeshModel", "AWSSignature"] {
            let target = try #require(self.package.targets.first { $0.name == room })
            #expect(target.dependencies.isEmpty)
            for file in try SourceFile.all(in: target.folder) {
                #expect(file.imports.isEmpty, "\(file.path) imports \(file.imports)")
            }
        }
    }

    @Test("a data plane takes nothing from other packages but BoringSSL", arguments: HouseRules.dataPlanes)
    func dataPlaneProducts(_ program: String) throws {
        for name in self.package.closure(of: program) {
            let target = try #require(self.package.targets.first { $0.name == name })
            let allowed = HouseRules.dataPlaneProducts[name] ?? []
            for product in target.products {
                #expect(allowed.contains(product), "\(program) reaches \(product) through \(name)")
            }
        }
    }

    /// Istio's settings and local state are YAML, so a data plane must read it, but Yams needs Foundation: the system's
    /// libyaml behind one small room (docs/decisions/0006) does without.
    @Test("only one room imports libyaml")
    func libyaml() throws {
        for target in self.rooms where target.name != "MeshYAML" {
            for file in try SourceFile.all(in: target.folder) {
                #expect(!file.imports.contains("CLibYAML"), "\(file.path) imports libyaml itself")
            }
        }
    }

    @Test("a data plane links no AWS client, no Yams and no argument parsing", arguments: HouseRules.dataPlanes)
    func dataPlaneRooms(_ program: String) {
        let closure = self.package.closure(of: program)
        for room in ["AWSClient", "MeshConfig", "ECSDiscovery", "CertificateAuthority", "ControlPlane", "TulleCLI"] {
            #expect(!closure.contains(room), "\(program) reaches \(room)")
        }
        let products = self.package.targets.filter { closure.contains($0.name) }.flatMap(\.products)
        #expect(!products.contains("Yams"), "\(program) reaches Yams")
    }

    @Test(
        "a data plane imports our rooms, the C library and Synchronization, and nothing else",
        arguments: HouseRules.dataPlanes
    )
    func dataPlaneImports(_ program: String) throws {
        let closure = self.package.closure(of: program)
        for name in closure {
            let target = try #require(self.package.targets.first { $0.name == name })
            let allowed = closure.union(HouseRules.dataPlaneModules)
                .union(HouseRules.dataPlaneExceptions[name] ?? [])
            for file in try SourceFile.all(in: target.folder) {
                for module in file.imports {
                    #expect(allowed.contains(module), "\(file.path) imports \(module)")
                }
            }
        }
    }

    @Test("a data plane runs on its own event loops, without Swift concurrency", arguments: HouseRules.dataPlanes)
    func dataPlaneConcurrency(_ program: String) throws {
        let words: Set<Substring> = ["async", "await", "actor"]
        for name in self.package.closure(of: program) {
            let target = try #require(self.package.targets.first { $0.name == name })
            for file in try SourceFile.all(in: target.folder) {
                for line in file.lines where !line.contains("\"") {
                    let found = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }.first(where: words.contains)
                    #expect(found == nil, "\(file.path) uses \(found ?? ""): \(line)")
                }
            }
        }
    }

    @Test("the static link takes the objects of exactly the data planes' rooms")
    func staticLink() throws {
        let script = try String(
            contentsOf: PackageDescription.root.appending(path: "scripts/build-release.sh"),
            encoding: .utf8
        )
        let listed = script.split(separator: "\n")
            .filter { $0.hasPrefix("data_plane_rooms") }
            .compactMap { $0.split(separator: "'").last }
            .flatMap { $0.split(separator: "|").map(String.init) }
        // Of the list a program takes what it is built of, so one list serves all.
        var rooms: Set = ["CNIOBoringSSL"]
        for program in HouseRules.dataPlanes { rooms.formUnion(self.package.closure(of: program)) }
        #expect(Set(listed) == rooms)
    }

    @Test("tests mirror rooms: every test target has the name of a room and leans on it")
    func testTargets() {
        let names = Set(self.rooms.map(\.name)).union(HouseRules.testSupport.keys)
        for target in self.package.targets where target.type == "test" && target.name != "StructureTests" {
            let room = String(target.name.dropLast("Tests".count))
            #expect(names.contains(room), "\(target.name) tests no room")
            #expect(target.rooms.contains(room), "\(target.name) does not depend on \(room)")
        }
    }
}
