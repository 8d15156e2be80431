import AWSSignature

extension AWSClient {
    /// Route 53. `region` tells the partition.
    package func route53(region: String? = nil) -> Route53Client {
        Route53Client(client: self, region: region)
    }
}

/// The calls of Route 53 that keep names in a zone. All throw `AWSError`.
package struct Route53Client: Sendable {
    private let client: AWSClient
    private let region: String?

    private static let namespace = "https://route53.amazonaws.com/doc/2013-04-01/"
    /// Changes in one request: AWS takes 1,000 values, and an UPSERT counts twice.
    package static let changesPerRequest = 400

    init(client: AWSClient, region: String?) {
        self.client = client
        self.region = region
    }

    /// The zones whose name is exactly this, with or without the dot at the end; private and public.
    package func hostedZones(named name: String) async throws -> [HostedZone] {
        let wanted = Self.absolute(name)
        var zones: [HostedZone] = []
        var query = [QueryItem("dnsname", wanted), QueryItem("maxitems", "100")]
        for _ in 0..<100 {
            let answer = try await self.client.rest(
                .route53,
                action: "ListHostedZonesByName",
                method: "GET",
                path: "/hostedzonesbyname",
                query: query,
                region: self.region
            )
            let page = (answer["HostedZones"]?.all("HostedZone") ?? []).compactMap(HostedZone.init)
            zones.append(contentsOf: page.filter { $0.name == wanted })
            // Zones come sorted by name, so the first other name is the end.
            guard page.allSatisfy({ $0.name == wanted }), answer["IsTruncated"]?.text == "true",
                let nextName = answer["NextDNSName"]?.text, let nextID = answer["NextHostedZoneId"]?.text
            else { break }
            query = [QueryItem("dnsname", nextName), QueryItem("hostedzoneid", nextID), QueryItem("maxitems", "100")]
        }
        return zones
    }

    /// Names of the private zones that a VPC resolves, with a dot at the end.
    package func zoneNames(vpc: String, vpcRegion: String) async throws -> [String] {
        var names: [String] = []
        var query = [QueryItem("vpcid", vpc), QueryItem("vpcregion", vpcRegion), QueryItem("maxitems", "100")]
        for _ in 0..<100 {
            let answer = try await self.client.rest(
                .route53,
                action: "ListHostedZonesByVPC",
                method: "GET",
                path: "/hostedzonesbyvpc",
                query: query,
                region: self.region
            )
            names += (answer["HostedZoneSummaries"]?.all("HostedZoneSummary") ?? []).compactMap { $0["Name"]?.text }
            guard let token = answer["NextToken"]?.text, !token.isEmpty else { break }
            query = query.prefix(3) + [QueryItem("nexttoken", token)]
        }
        return names
    }

    /// Makes a private zone in a VPC.
    ///
    /// - Parameters:
    ///   - name: the zone's name.
    ///   - vpc: the VPC that resolves it.
    ///   - vpcRegion: the VPC's region.
    ///   - callerReference: the same text makes the same zone once.
    package func createPrivateHostedZone(
        name: String,
        vpc: String,
        vpcRegion: String,
        callerReference: String
    ) async throws -> HostedZone {
        let action = "CreateHostedZone"
        let body = XMLElement(
            "CreateHostedZoneRequest",
            attributes: ["xmlns": Self.namespace],
            children: [
                XMLElement("Name", text: Self.absolute(name)),
                XMLElement(
                    "VPC",
                    children: [XMLElement("VPCRegion", text: vpcRegion), XMLElement("VPCId", text: vpc)]
                ),
                XMLElement("CallerReference", text: callerReference),
                XMLElement("HostedZoneConfig", children: [XMLElement("PrivateZone", text: "true")]),
            ]
        )
        let answer = try await self.client.rest(
            .route53,
            action: action,
            method: "POST",
            path: "/hostedzone",
            body: body,
            region: self.region
        )
        guard let zone = answer["HostedZone"].flatMap(HostedZone.init) else {
            throw AWSError(
                service: "route53",
                action: action,
                code: AWSError.Code.incompleteResponse,
                message: "the answer lacks the zone",
                status: 200,
                kind: .server
            )
        }
        return zone
    }

    /// All record sets of a zone.
    package func recordSets(zone: String) async throws -> [RecordSet] {
        let action = "ListResourceRecordSets"
        var records: [RecordSet] = []
        var query = [QueryItem("maxitems", "300")]
        for _ in 0..<1_000 {
            let answer = try await self.client.rest(
                .route53,
                action: action,
                method: "GET",
                path: "/hostedzone/\(Self.bare(zone))/rrset",
                query: query,
                region: self.region
            )
            records += (answer["ResourceRecordSets"]?.all("ResourceRecordSet") ?? []).compactMap(RecordSet.init)
            guard answer["IsTruncated"]?.text == "true" else { return records }
            guard let name = answer["NextRecordName"]?.text, let type = answer["NextRecordType"]?.text else { break }
            var next = [QueryItem("name", name), QueryItem("type", type), QueryItem("maxitems", "300")]
            if let identifier = answer["NextRecordIdentifier"]?.text {
                next.append(QueryItem("identifier", identifier))
            }
            if next == query { break }
            query = next
        }
        throw AWSError(
            service: "route53",
            action: action,
            code: AWSError.Code.endlessPages,
            message: "the list does not end",
            kind: .server
        )
    }

    /// Sets and removes record sets: each request whole or not at all, at most `changesPerRequest` a request.
    package func change(zone: String, _ changes: [RecordChange]) async throws {
        var rest = changes[...]
        while !rest.isEmpty {
            let batch = rest.prefix(Self.changesPerRequest)
            rest = rest.dropFirst(Self.changesPerRequest)
            let body = XMLElement(
                "ChangeResourceRecordSetsRequest",
                attributes: ["xmlns": Self.namespace],
                children: [
                    XMLElement("ChangeBatch", children: [XMLElement("Changes", children: batch.map(\.element))])
                ]
            )
            // With a slash at the end: AWS takes both forms, some imitations only this one.
            _ = try await self.client.rest(
                .route53,
                action: "ChangeResourceRecordSets",
                method: "POST",
                path: "/hostedzone/\(Self.bare(zone))/rrset/",
                body: body,
                region: self.region
            )
        }
    }

    private static func absolute(_ name: String) -> String { name.hasSuffix(".") ? name : name + "." }

    private static func bare(_ zone: String) -> String { PercentEncoding.encode(ARN.lastPart(zone)) }
}

/// A zone.
package struct HostedZone: Sendable, Hashable {
    /// Without the `/hostedzone/` that the API writes before it.
    package var id: String
    /// With a dot at the end.
    package var name: String
    /// Whether only VPCs resolve it.
    package var isPrivate: Bool

    init?(_ element: XMLElement) {
        guard let id = element["Id"]?.text, let name = element["Name"]?.text else { return nil }
        self.id = ARN.lastPart(id)
        self.name = name
        self.isPrivate = element["Config"]?["PrivateZone"]?.text == "true"
    }
}

/// All values of one type under one name.
package struct RecordSet: Sendable, Hashable {
    /// With a dot at the end.
    package var name: String
    /// Such as `A`.
    package var type: String
    /// Seconds; `nil` for aliases.
    package var timeToLive: Int?
    /// The values as the zone file writes them.
    package var values: [String]

    /// Holds the parts; the name gets its dot.
    package init(name: String, type: String, timeToLive: Int?, values: [String]) {
        self.name = name.hasSuffix(".") ? name : name + "."
        self.type = type
        self.timeToLive = timeToLive
        self.values = values
    }

    init?(_ element: XMLElement) {
        guard let name = element["Name"]?.text, let type = element["Type"]?.text else { return nil }
        self.init(
            name: name.replacing("\\052", with: "*"),
            type: type,
            timeToLive: element["TTL"].flatMap { Int($0.text) },
            values: (element["ResourceRecords"]?.all("ResourceRecord") ?? []).compactMap { $0["Value"]?.text }
        )
    }
}

/// One change of a zone.
package enum RecordChange: Sendable, Hashable {
    /// Makes the record set or replaces it.
    case upsert(RecordSet)
    /// Removes the record set; it must be exactly this.
    case delete(RecordSet)

    var element: XMLElement {
        let (action, record) =
            switch self {
            case .upsert(let record): ("UPSERT", record)
            case .delete(let record): ("DELETE", record)
            }
        var set = XMLElement(
            "ResourceRecordSet",
            children: [XMLElement("Name", text: record.name), XMLElement("Type", text: record.type)]
        )
        if let timeToLive = record.timeToLive { set.children.append(XMLElement("TTL", text: String(timeToLive))) }
        set.children.append(
            XMLElement(
                "ResourceRecords",
                children: record.values.map {
                    XMLElement("ResourceRecord", children: [XMLElement("Value", text: $0)])
                }
            )
        )
        return XMLElement("Change", children: [XMLElement("Action", text: action), set])
    }
}
