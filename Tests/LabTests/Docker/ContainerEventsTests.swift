import Foundation
import Testing

@testable import Lab

/// A task on the container instance with its pause container and one of its own.
func instanceRecord(_ id: String, processID: Int32? = 100) -> TaskRecord {
    var task = record(id, address: "10.77.1.10")
    task.containerInstanceArn = "arn:aws:ecs:us-east-1:1:container-instance/demo/i"
    task.launchType = "EC2"
    task.containers[0].runtimeID = String(repeating: id, count: 64)
    task.containers[0].runtimeName = "ecs-web-7-app-\(id)"
    task.containers[0].processID = processID
    var pause = task.containers[0]
    pause.name = TaskRecord.pauseName
    pause.runtimeID = String(repeating: "f", count: 63) + id
    pause.runtimeName = "ecs-web-7-internalecspause-\(id)"
    pause.labels = [:]
    pause.processID = 99
    task.pause = pause
    return task
}

@Suite struct ContainerEventsTests {
    private static func lines(_ stream: AsyncStream<Data>) async throws -> [(String, String)] {
        var found: [(String, String)] = []
        for await line in stream {
            let object = try #require(try JSONSerialization.jsonObject(with: line) as? [String: Any])
            let actor = try #require(object["Actor"] as? [String: Any])
            let labels = try #require(actor["Attributes"] as? [String: String])
            found.append((try #require(object["Action"] as? String), labels["name"] ?? ""))
        }
        return found
    }

    @Test func `tells a task's starts, a restart and its end in order`() async throws {
        let directory = TaskDirectory()
        var task = instanceRecord("a", processID: nil)
        task.containers[0].status = "PENDING"
        directory.update(task)
        task.containers[0].processID = 100
        directory.update(task)
        directory.update(task)
        task.containers[0].processID = 101
        directory.update(task)
        task.containers[0].processID = nil
        task.containers[0].exitCode = 3
        directory.update(task)
        directory.remove("a")
        let until = ContainerEvents.now
        let seen = try await Self.lines(directory.events.lines(matching: ContainerFilters(nil), since: 0, until: until))
        #expect(seen.map(\.0) == ["start", "start", "die", "start", "die", "die"])
        #expect(seen.map { $0.1.contains("pause") } == [true, false, false, false, false, true])
    }

    @Test func `a die has its exit code, an unknown one that of a kill`() {
        var ended = instanceRecord("a", processID: nil)
        ended.containers[0].exitCode = 3
        let events = ContainerEvent.between(instanceRecord("a"), ended, time: 1)
        #expect(events.map { $0.attributes["exitCode"] } == ["3"])
        #expect(
            ContainerEvent.between(instanceRecord("a"), nil, time: 1).map { $0.attributes["exitCode"] } == [
                "137", "137",
            ]
        )
    }

    @Test func `tasks that aren't on the instance make no events`() async throws {
        let directory = TaskDirectory()
        var task = record("a", address: "10.77.1.10")
        task.containers[0].processID = 7
        directory.update(task)
        let until = ContainerEvents.now
        #expect(
            try await Self.lines(directory.events.lines(matching: ContainerFilters(nil), since: 0, until: until))
                .isEmpty
        )
    }

    @Test func `a reader gets what happens after it began, once, and its end`() async throws {
        let events = ContainerEvents()
        func event(_ time: Int64) -> ContainerEvent {
            ContainerEvent(action: .start, containerID: "c", attributes: ["name": String(time)], time: time)
        }
        events.add([event(1), event(2)])
        let fresh = events.lines(matching: try ContainerFilters(nil), since: nil, until: nil)
        let late = events.lines(matching: try ContainerFilters(nil), since: 2, until: nil)
        events.add([event(3)])
        events.finish()
        #expect(try await Self.lines(fresh).map(\.1) == ["3"])
        #expect(try await Self.lines(late).map(\.1) == ["2", "3"])
    }

    @Test func `keeps a bounded past`() async throws {
        let events = ContainerEvents()
        for index in 0..<(ContainerEvents.kept + 10) {
            events.add([ContainerEvent(action: .die, containerID: "c", attributes: [:], time: Int64(index))])
        }
        let seen = try await Self.lines(
            events.lines(matching: ContainerFilters(nil), since: 0, until: ContainerEvents.now)
        )
        #expect(seen.count == ContainerEvents.kept)
    }
}
