import Glibc

/// Answers names out of private hosted zones, as the VPC resolver does; pure.
package struct ZoneAnswers: Sendable {
    private static let types: [String: UInt16] = [
        "A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33,
    ]
    /// How many CNAMEs and aliases are followed.
    private static let chainLimit = 8

    /// Zone → name → type → records.
    private var zones: [String: [String: [UInt16: [DNSRecord]]]] = [:]
    /// Zone → name → alias target.
    private var aliases: [String: [String: String]] = [:]
    /// Every name that exists, with those in between that have no records.
    private var names: Set<String> = []

    /// Reads zones; records of unknown types or with data that can't be read are left out.
    package init(_ zones: [HostedZone]) {
        for zone in zones {
            let apex = DNSName.normal(zone.name)
            for set in zone.records {
                let name = DNSName.normal(set.name)
                guard let type = Self.types[set.type], name == apex || name.hasSuffix(".\(apex)") else { continue }
                self.addName(name, apex: apex)
                if let target = set.alias, !target.isEmpty {
                    self.aliases[apex, default: [:]][name] = DNSName.normal(target)
                    continue
                }
                let records = set.values.compactMap { value -> DNSRecord? in
                    guard let data = Self.data(type, value) else { return nil }
                    return DNSRecord(name: name, type: type, ttl: UInt32(clamping: set.ttl), data: data)
                }
                self.zones[apex, default: [:]][name, default: [:]][type, default: []] += records
            }
            if self.zones[apex] == nil { self.zones[apex] = [:] }
            self.names.insert(apex)
        }
    }

    private mutating func addName(_ name: String, apex: String) {
        var name = name[...]
        while name.count > apex.count {
            self.names.insert(String(name))
            guard let dot = name.firstIndex(of: ".") else { return }
            name = name[name.index(after: dot)...]
        }
        self.names.insert(apex)
    }

    /// The answer for a name and type; nil if no zone holds the name.
    package func answer(_ name: String, type: UInt16) -> DNSAnswer? {
        guard var zone = self.zone(of: name) else { return nil }
        var answer = DNSAnswer(.noError)
        answer.isAuthoritative = true
        var name = name
        for _ in 0..<Self.chainLimit {
            guard let owner = self.owner(of: name, zone: zone) else {
                if answer.answers.isEmpty { answer.code = .nameError }
                answer.authority = self.authority(zone)
                return answer
            }
            let sets = self.zones[zone]?[owner] ?? [:]
            var next = self.aliases[zone]?[owner]
            if next == nil, type != 5, let alias = sets[5]?.first {
                answer.answers.append(DNSRecord(name: name, type: 5, ttl: alias.ttl, data: alias.data))
                next = Self.name(alias.data)
            } else if next == nil {
                let found = (sets[type] ?? []).map { DNSRecord(name: name, type: type, ttl: $0.ttl, data: $0.data) }
                answer.answers += found
                if found.isEmpty { answer.authority = self.authority(zone) }
                return answer
            }
            // A chain that leaves our zones ends here; its owner asks on.
            guard let next, let nextZone = self.zone(of: next) else { return answer }
            name = next
            zone = nextZone
        }
        return DNSAnswer(.serverFailure)
    }

    /// The innermost zone that holds a name.
    private func zone(of name: String) -> String? {
        var rest = name[...]
        while true {
            if self.zones[String(rest)] != nil { return String(rest) }
            guard let dot = rest.firstIndex(of: ".") else { return nil }
            rest = rest[rest.index(after: dot)...]
        }
    }

    /// The name whose records answer: itself, or the wildcard at its closest encloser.
    private func owner(of name: String, zone: String) -> String? {
        if self.names.contains(name) { return name }
        var rest = name[...]
        while rest.count > zone.count, let dot = rest.firstIndex(of: ".") {
            rest = rest[rest.index(after: dot)...]
            if self.names.contains(String(rest)) {
                let wildcard = "*.\(rest)"
                return self.names.contains(wildcard) ? wildcard : nil
            }
        }
        return nil
    }

    private func authority(_ zone: String) -> [DNSRecord] {
        if let own = self.zones[zone]?[zone]?[6]?.first { return [own] }
        guard let name = DNSName.wire(zone) else { return [] }
        // Serial, refresh, retry, expire, minimum: a name that isn't there may be there in five seconds.
        let numbers: [UInt8] = [0, 0, 0, 1, 0, 0, 28, 32, 0, 0, 3, 132, 0, 18, 117, 0, 0, 0, 0, 5]
        return [DNSRecord(name: zone, type: 6, ttl: 5, data: name + name + numbers)]
    }

    private static func name(_ data: [UInt8]) -> String? {
        var labels: [String] = []
        var index = 0
        while index < data.count, data[index] != 0 {
            let end = index + 1 + Int(data[index])
            guard end <= data.count else { return nil }
            labels.append(String(decoding: data[(index + 1)..<end], as: UTF8.self))
            index = end
        }
        return labels.joined(separator: ".")
    }

    /// A record's value in wire form.
    private static func data(_ type: UInt16, _ value: String) -> [UInt8]? {
        let words = value.split(separator: " ").map(String.init)
        func number(_ index: Int) -> [UInt8]? {
            guard words.count > index, let value = UInt16(words[index]) else { return nil }
            return [UInt8(value >> 8), UInt8(value & 255)]
        }
        func wide(_ index: Int) -> [UInt8]? {
            guard words.count > index, let value = UInt32(words[index]) else { return nil }
            return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
        }
        func name(_ index: Int) -> [UInt8]? {
            words.count > index ? DNSName.wire(DNSName.normal(words[index])) : nil
        }
        switch type {
        case 1:
            return IPv4Address(parsing: value).map { address in
                [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: address.bits >> $0) }
            }
        case 28:
            // The bytes of an in6_addr; which module declares that type depends on what else is imported.
            var address = [UInt8](repeating: 0, count: 16)
            guard inet_pton(AF_INET6, value, &address) == 1 else { return nil }
            return address
        case 2, 5, 12:
            return name(0)
        case 15:
            guard let preference = number(0), let host = name(1) else { return nil }
            return preference + host
        case 33:
            guard let priority = number(0), let weight = number(1), let port = number(2), let host = name(3) else {
                return nil
            }
            return priority + weight + port + host
        case 6:
            guard var data = name(0), let mailbox = name(1) else { return nil }
            data += mailbox
            for index in 2...6 {
                guard let value = wide(index) else { return nil }
                data += value
            }
            return data
        case 16:
            return self.text(value)
        default:
            return nil
        }
    }

    /// TXT data: quoted strings, each of at most 255 bytes.
    private static func text(_ value: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        for (index, part) in value.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
        where index % 2 == 1 {
            guard let length = UInt8(exactly: part.utf8.count) else { return nil }
            bytes.append(length)
            bytes += part.utf8
        }
        return bytes.isEmpty ? nil : bytes
    }
}
