import AWSClient
import AWSTestSupport
import Testing

struct EndpointTests {
    @Test(arguments: [
        ("us-east-1", "https://ecs.us-east-1.amazonaws.com/"),
        ("cn-north-1", "https://ecs.cn-north-1.amazonaws.com.cn/"),
        ("us-gov-west-1", "https://ecs.us-gov-west-1.amazonaws.com/"),
        ("eusc-de-east-1", "https://ecs.eusc-de-east-1.amazonaws.eu/"),
        ("us-iso-east-1", "https://ecs.us-iso-east-1.c2s.ic.gov/"),
        ("us-isob-east-1", "https://ecs.us-isob-east-1.sc2s.sgov.gov/"),
    ])
    func namesTheRegionalEndpointOfEachPartition(_ region: String, _ expected: String) throws {
        let endpoint = try EndpointResolver().endpoint(.ecs, region: region, action: "A")
        #expect(endpoint.url(path: "/", query: "") == expected)
        #expect(endpoint.signingRegion == region)
    }

    @Test
    func signsGlobalServicesForTheirOwnRegion() throws {
        let endpoint = try EndpointResolver().endpoint(.route53, region: "eu-west-1", action: "A")
        #expect(endpoint.authority == "route53.amazonaws.com")
        #expect(endpoint.signingRegion == "us-east-1")
    }

    @Test(arguments: [
        "", "us-east", "us east-1", "us-east-1.evil.example/", "-us-east-1", "us--east-1", "US-EAST-1",
        "us-east-1@evil", "a-b-" + String(repeating: "c", count: 40),
    ])
    func neverPutsAnythingButARegionIntoAHostName(_ region: String) {
        #expect(throws: AWSError.self) { try EndpointResolver().endpoint(.ecs, region: region, action: "A") }
        #expect(AWSPartition.securityTokenHosts(region: region).isEmpty)
    }

    @Test
    func listsTheHostsThatASignedCallerIdentityMayName() {
        #expect(
            AWSPartition.securityTokenHosts(region: "eu-west-1") == [
                "sts.eu-west-1.amazonaws.com", "sts-fips.eu-west-1.amazonaws.com", "sts.eu-west-1.api.aws",
            ]
        )
    }

    @Test
    func takesOverridesFromTheMostSpecificVariable() throws {
        let configuration = try AWSConfiguration.test([
            "AWS_ENDPOINT_URL": "http://127.0.0.1:5555", "AWS_ENDPOINT_URL_STS": "https://sts.example/base/",
            "AWS_ENDPOINT_URL_ROUTE53": "http://[::1]:99",
        ])
        func url(_ service: AWSService) throws -> String {
            let endpoint = try configuration.endpoints.endpoint(service, region: "us-east-1", action: "A")
            return endpoint.url(path: endpoint.basePath + "/", query: "")
        }
        #expect(try url(.ecs) == "http://127.0.0.1:5555/")
        #expect(try url(.sts) == "https://sts.example/base/")
        #expect(try url(.route53) == "http://[::1]:99/")
    }

    @Test(arguments: ["ftp://x", "x", "http://", "http://u@h", "http://h?q", "http://h#f", "//h", "http://h:99999"])
    func refusesAnOverrideThatIsNoBaseURL(_ url: String) throws {
        let configuration = try AWSConfiguration.test(["AWS_ENDPOINT_URL": url])
        #expect(throws: AWSError.self) {
            try configuration.endpoints.endpoint(.ecs, region: "us-east-1", action: "A")
        }
    }
}
