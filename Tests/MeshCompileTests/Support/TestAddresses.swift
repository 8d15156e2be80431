import MeshCompile
import MeshModel

/// Gives out addresses one after the other, and remembers all that it did.
struct TestAddresses: VirtualAddresses {
    /// How many there are of each family.
    var limit: UInt32 = 60_000
    var isDualStack = false
    /// Whether the name alone decides, as if no two ever met.
    var isByName = false
    private(set) var kept: [String] = []
    private(set) var released: [String] = []
    private var held: [String: UInt32] = [:]
    private var next: UInt32 = 1

    init() {}

    mutating func keep(_ names: [String]) { self.kept += names }

    mutating func addresses(for name: String, avoiding isTaken: (IPAddress) -> Bool) -> [IPAddress] {
        if self.isByName {
            let hash = name.utf8.reduce(UInt64(14_695_981_039_346_656_037)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
            return [IPAddress(v6High: 0x2001_0002 << 32, v6Low: hash)]
        }
        if let number = self.held[name], !self.make(number).contains(where: isTaken) { return self.make(number) }
        while self.next <= self.limit {
            let number = self.next
            self.next += 1
            if self.make(number).contains(where: isTaken) { continue }
            self.held[name] = number
            return self.make(number)
        }
        return []
    }

    mutating func release(_ name: String) { self.released.append(name) }

    private func make(_ number: UInt32) -> [IPAddress] {
        let v4 = IPAddress(v4: 240 << 24 | 240 << 16 | number)
        return self.isDualStack ? [v4, IPAddress(v6High: 0x2001_0002 << 32, v6Low: UInt64(number))] : [v4]
    }
}
