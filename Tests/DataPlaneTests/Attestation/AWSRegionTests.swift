import Testing

@testable import DataPlane

struct AWSRegionTests {
    @Test(arguments: [
        ("us-east-1", "sts.us-east-1.amazonaws.com"), ("us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "sts.cn-north-1.amazonaws.com.cn"), ("eusc-de-east-1", "sts.eusc-de-east-1.amazonaws.eu"),
        ("us-iso-east-1", "sts.us-iso-east-1.c2s.ic.gov"), ("us-isob-east-1", "sts.us-isob-east-1.sc2s.sgov.gov"),
        ("eu-isoe-west-1", "sts.eu-isoe-west-1.cloud.adc-e.uk"),
        ("us-isof-south-1", "sts.us-isof-south-1.csp.hci.ic.gov"),
    ])
    func hostFollowsFromThePartition(_ name: String, _ host: String) throws {
        #expect(try AWSRegion(name).stsHost == host)
    }

    @Test(arguments: [
        "", "us", "us-east", "us-east-x", "us--1", "US-EAST-1", "us-east-1.evil.example", "us-east-1/", "é-a-1",
    ])
    func otherNamesAreRefused(_ name: String) {
        #expect(throws: AttestationError.regionMalformed(name)) { try AWSRegion(name) }
    }

    @Test func theFirstSourceThatIsSetDecides() throws {
        let arn = "arn:aws:ecs:eu-west-1:123456789012:task/prod/0123456789abcdef0123456789abcdef"
        var environment = ["AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-west-2"]
        let resolve = { (arn: String?) in try AWSRegion.resolve(environment: { environment[$0] }, taskARN: arn).name }
        #expect(try resolve(arn) == "us-east-1")
        environment["AWS_REGION"] = ""
        #expect(try resolve(arn) == "us-west-2")
        environment["AWS_DEFAULT_REGION"] = nil
        #expect(try resolve(arn) == "eu-west-1")
        for other in [nil, "", "arn:aws:ec2:eu-west-1:1:task/x", "arn:aws:ecs:eu-west-1"] {
            #expect(throws: AttestationError.regionUnknown) { try resolve(other) }
        }
        environment["AWS_REGION"] = "nonsense"
        #expect(throws: AttestationError.regionMalformed("nonsense")) { try resolve(arn) }
    }
}
