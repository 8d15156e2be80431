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

    @Test func answersNewestFirstWhatIsAskedFor() throws {
        let directory = try TemporaryDirectory()
        let journal = IssuanceJournal(
            state: try StateDirectory(path: directory.path),
            logger: Logger(label: "test"),
            memory: 4
        )
        let start = Date(timeIntervalSince1970: 1_800_000_000)
        for number in 0..<6 {
            journal.append(
                IssuanceRecord(
                    time: start + Double(number),
                    outcome: number.isMultiple(of: 2) ? "issued" : "refused",
                    code: number == 5 ? "join_token_used" : nil,
                    identity: "spiffe://a/ns/b/sa/\(number)",
                    serial: "\(number)",
                    attestor: number == 5 ? "join_token" : "ecs_task",
                    caller: "c\(number)"
                )
            )
        }
        func serials(limit: Int = 100, _ bend: (inout IssuanceFilter) -> Void) -> [String?] {
            var filter = IssuanceFilter()
            bend(&filter)
            return journal.query(filter, limit: limit).map(\.serial)
        }
        #expect(serials { _ in } == ["5", "4", "3", "2"])
        #expect(serials(limit: 2) { _ in } == ["5", "4"])
        #expect(serials(limit: -1) { _ in } == [])
        #expect(serials { $0.outcome = "refused" } == ["5", "3"])
        #expect(serials { $0.code = "join_token_used" } == ["5"])
        #expect(serials { $0.identity = "spiffe://a/ns/b/sa/3" } == ["3"])
        #expect(serials { $0.attestor = .joinToken } == ["5"])
        #expect(serials { $0.caller = "c2" } == ["2"])
        #expect(serials { $0.serial = "4" } == ["4"])
        #expect(serials { $0.since = start + 4 } == ["5", "4"])
        #expect(
            serials {
                $0.outcome = "issued"
                $0.since = start + 4
            } == ["4"]
        )
    }

    @Test func aRestartRemembersTheLastRecords() throws {
        let directory = try TemporaryDirectory()
        let state = try StateDirectory(path: directory.path)
        let first = IssuanceJournal(state: state, logger: Logger(label: "test"))
        for number in 0..<5 {
            first.append(IssuanceRecord(time: Date(), outcome: "issued", serial: "\(number)"))
        }
        let file = try FileHandle(forWritingTo: URL(filePath: "\(directory.path)/issued.log"))
        try file.seekToEnd()
        try file.write(contentsOf: Data("half a line".utf8))
        let second = IssuanceJournal(state: state, logger: Logger(label: "test"), memory: 4)
        #expect(second.newest.compactMap(\.serial) == ["2", "3", "4"], "four lines, of which one cannot be read")
        second.append(IssuanceRecord(time: Date(), outcome: "issued", serial: "5"))
        #expect(second.newest.compactMap(\.serial) == ["2", "3", "4", "5"])
    }
}
