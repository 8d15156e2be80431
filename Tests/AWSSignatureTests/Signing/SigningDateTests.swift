import AWSSignature
import Testing

struct SigningDateTests {
    @Test(arguments: [
        (0, "19700101T000000Z"), (1_440_938_160, "20150830T123600Z"), (951_782_400, "20000229T000000Z"),
        (4_107_542_399, "21000228T235959Z"), (4_107_542_400, "21000301T000000Z"), (-1, "19691231T235959Z"),
        (253_402_300_799, "99991231T235959Z"),
    ])
    func writesAndReadsTheSameSecond(_ epoch: Int64, _ text: String) {
        #expect(SigningDate(epochSeconds: epoch).description == text)
        #expect(SigningDate(parsing: text)?.epochSeconds == epoch)
    }

    @Test(arguments: [
        "", "20150830T123600", "20150830t123600Z", "20150830T123600z", "20151330T123600Z", "20150230T000000Z",
        "20150830T240000Z", "20150830T126000Z", "20150830T000060Z", "2015083\u{0661}T1236Z", "-0150830T123600Z",
        "20150830T123600ZZ", "+0150830T123600Z", "20150830 123600Z",
    ])
    func refusesWhatIsNotASecond(_ text: String) {
        #expect(SigningDate(parsing: text) == nil)
    }

    @Test
    func staysInsideFourDigitYears() {
        #expect(SigningDate(epochSeconds: .max).description == "99991231T235959Z")
        #expect(SigningDate(epochSeconds: .min).description == "00000101T000000Z")
    }
}
