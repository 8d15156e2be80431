import Foundation
import Logging

extension TaskRunner {
    /// Changes what is known of a container, for all who read it.
    func change(_ name: String, _ body: (inout TaskRecord.Container) -> Void) {
        guard let index = self.record.containers.firstIndex(where: { $0.name == name }) else { return }
        body(&self.record.containers[index])
        self.surroundings.directory.update(self.record)
    }

    /// Publishes the record, and writes it into moto if that knows it otherwise.
    func tell(_ status: String, failed: Bool? = nil) async {
        self.record.lastStatus = status
        self.surroundings.directory.update(self.record)
        var report = self.record.report
        report.failed = failed
        guard report != self.reported else { return }
        do {
            try await self.surroundings.control.report(report)
            self.reported = report
        } catch {
            self.log.warning("can't report the task's state: \(error)")
        }
    }

    /// Names the task in each line.
    var log: Logger {
        var logger = self.surroundings.logger
        logger[metadataKey: "task"] = "\(self.record.id)"
        if let service = self.record.service { logger[metadataKey: "service"] = "\(service)" }
        return logger
    }
}
