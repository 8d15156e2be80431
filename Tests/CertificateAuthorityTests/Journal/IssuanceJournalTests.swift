import CertificateAuthority
import Foundation
import Logging
import Testing

@Suite struct IssuanceJournalTests {
    @Test func memoryHoldsTheNewestOnly() throws {
        let directory = try TemporaryDirectory()
        let journal = IssuanceJournal(
            state: try StateDirectory(path: directory.path),
            logger: Logger(label: "test"),
            memory: 3
        )
        for number in 0..<5 {
            journal.append(IssuanceRecord(time: Date(), outcome: "issued", serial: "\(number)"))
        }
        #expect(journal.newest.compactMap(\.serial) == ["2", "3", "4"])
    }

    @Test func theFileIsSetAsideBeforeItGrowsTooLarge() throws {
        let directory = try TemporaryDirectory()
        let journal = IssuanceJournal(
            state: try StateDirectory(path: directory.path),
            logger: Logger(label: "test"),
            rotationBytes: 500
        )
        for number in 0..<50 {
            journal.append(IssuanceRecord(time: Date(), outcome: "issued", serial: "\(number)"))
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: directory.path).filter {
            $0.hasPrefix("issued")
        }
        #expect(Set(files) == ["issued.log", "issued.log.1", "issued.log.2", "issued.log.3"])
        for file in files {
            let facts = try FileManager.default.attributesOfItem(atPath: "\(directory.path)/\(file)")
            #expect(try #require(facts[.size] as? Int) <= 500)
        }
    }

    @Test func textsFromOutsideAreCut() {
        let record = IssuanceRecord(time: Date(), outcome: "refused", hint: String(repeating: "x", count: 5000))
        #expect(record.hint?.count == 512)
    }
}
