import Synchronization

/// All tasks of the lab with what is known of them, for readers on any thread.
package final class TaskDirectory: Sendable {
    private let records = Mutex<[String: TaskRecord]>([:])
    /// Starts and ends of containers on the container instance.
    package let events = ContainerEvents()

    package init() {}

    /// Puts a task's newest record in.
    package func update(_ record: TaskRecord) { self.replace(record.id, with: record) }

    /// Forgets a task.
    package func remove(_ id: String) { self.replace(id, with: nil) }

    private func replace(_ id: String, with new: TaskRecord?) {
        self.records.withLock { records in
            let old = records[id]
            records[id] = new
            guard (new ?? old)?.containerInstanceArn != nil else { return }
            // Under the lock, so that readers hear of events in the order in which they happened.
            self.events.add(ContainerEvent.between(old, new, time: ContainerEvents.now))
        }
    }

    /// The tasks that run on the container instance, oldest first.
    package var onInstance: [TaskRecord] { self.all.filter { $0.containerInstanceArn != nil } }

    /// All records, oldest task first.
    package var all: [TaskRecord] {
        self.records.withLock { Array($0.values) }.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
    }

    /// The task that has an address.
    package func task(at address: String) -> TaskRecord? {
        self.records.withLock { $0.values.first { $0.address == address && $0.lastStatus != "STOPPED" } }
    }

    /// The task that a token stands for.
    package func task(token: String) -> TaskRecord? {
        self.records.withLock { $0.values.first { $0.token == token && $0.lastStatus != "STOPPED" } }
    }

    /// The task that has a container of this metadata endpoint.
    package func task(endpointID: String) -> TaskRecord? {
        self.records.withLock { records in
            records.values.first { $0.containers.contains { $0.endpointID == endpointID } }
        }
    }
}
