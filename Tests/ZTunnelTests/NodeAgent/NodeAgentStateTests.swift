import DataPlane
import Testing
import TunnelEngine

@testable import ZTunnel

@Suite("Node agent's state")
struct NodeAgentStateTests {
    private static let one = NetworkNamespace.Identity(device: 4, inode: 1)
    private static let other = NetworkNamespace.Identity(device: 4, inode: 2)

    /// A state whose pods run, after a snapshot of them.
    private static func running(_ uids: String...) -> NodeAgentState {
        var state = NodeAgentState()
        state.connected()
        for (index, uid) in uids.enumerated() {
            _ = state.add(uid, namespace: Self.one)
            _ = state.ended(uid, attempt: index + 1, error: nil, now: 0)
        }
        _ = state.snapshotSent()
        return state
    }

    @Test("a pod is acknowledged when its listeners stand, and not before")
    func adds() {
        var state = NodeAgentState()
        state.connected()
        #expect(state.add("a", namespace: Self.one) == [.start(uid: "a", attempt: 1)])
        #expect(!state.isReady)
        #expect(state.ended("a", attempt: 1, error: nil, now: 0) == [.answer(nil)])
        #expect(state.runningCount == 1)
        #expect(!state.isReady)
        #expect(state.snapshotSent() == [.answer(nil)])
        #expect(state.isReady)
    }

    @Test("a pod that comes twice with one namespace is served once, with two successes")
    func twice() {
        var state = Self.running("a")
        #expect(state.add("a", namespace: Self.one) == [.answer(nil)])
        #expect(state.runningCount == 1)
    }

    @Test("a pod that comes with another namespace is begun anew there, and the old one ends at once")
    func anotherNamespace() {
        var state = Self.running("a")
        #expect(
            state.add("a", namespace: Self.other)
                == [.stop(uid: "a", isImmediate: true), .start(uid: "a", attempt: 2)]
        )
        #expect(state.ended("a", attempt: 2, error: nil, now: 0) == [.answer(nil)])
        #expect(state.runningCount == 1)
    }

    @Test("a failed start is refused, pending, and tried again after five seconds without an answer")
    func failure() {
        var state = Self.running()
        #expect(state.add("a", namespace: Self.one) == [.start(uid: "a", attempt: 1)])
        #expect(state.ended("a", attempt: 1, error: "port taken", now: 1_000) == [.answer("port taken")])
        #expect(state.pendingCount == 1)
        #expect(!state.isReady)
        #expect(state.nextRetry == 6_000)
        #expect(state.retry(now: 5_999).isEmpty)
        #expect(state.retry(now: 6_000) == [.start(uid: "a", attempt: 2)])
        #expect(state.ended("a", attempt: 2, error: "port taken", now: 6_000).isEmpty)
        #expect(state.retry(now: 11_000) == [.start(uid: "a", attempt: 3)])
        #expect(state.ended("a", attempt: 3, error: nil, now: 11_000).isEmpty)
        #expect(state.isReady)
    }

    @Test("a pending pod that is added again is tried at once")
    func addWhilePending() {
        var state = Self.running()
        _ = state.add("a", namespace: Self.one)
        _ = state.ended("a", attempt: 1, error: "port taken", now: 0)
        #expect(state.add("a", namespace: Self.one) == [.start(uid: "a", attempt: 2)])
        #expect(state.ended("a", attempt: 2, error: nil, now: 0) == [.answer(nil)])
    }

    @Test("deleting a pending pod clears it")
    func deletePending() {
        var state = Self.running()
        _ = state.add("a", namespace: Self.one)
        _ = state.ended("a", attempt: 1, error: "port taken", now: 0)
        #expect(state.delete("a") == [.answer(nil)])
        #expect(state.pendingCount == 0)
        #expect(state.isReady)
    }

    @Test("a deleted pod ends at once, and deleting it again is fine")
    func deletes() {
        var state = Self.running("a")
        #expect(state.delete("a") == [.stop(uid: "a", isImmediate: true), .answer(nil)])
        #expect(state.delete("a") == [.answer(nil)])
        #expect(!state.knows("a"))
    }

    @Test("after a reconnect, pods of the new snapshot are left alone and others drain when it is complete")
    func reconnect() {
        var state = Self.running("a", "b", "c")
        state.disconnected()
        #expect(!state.isReady)
        #expect(state.runningCount == 3)
        state.connected()
        #expect(state.add("a", namespace: Self.one) == [.answer(nil)])
        #expect(state.keep("b") == [.answer(nil)])
        #expect(state.snapshotSent() == [.stop(uid: "c", isImmediate: false), .answer(nil)])
        #expect(state.runningCount == 2)
        #expect(state.isReady)
    }

    @Test("a deletion before the snapshot takes the pod out of it")
    func deleteBeforeSnapshot() {
        var state = Self.running("a")
        state.disconnected()
        state.connected()
        _ = state.add("a", namespace: Self.one)
        #expect(state.delete("a") == [.answer(nil)])
        #expect(state.runningCount == 1)
        #expect(state.snapshotSent() == [.stop(uid: "a", isImmediate: false), .answer(nil)])
    }

    @Test("a pod that waits for another attempt is forgotten by a new connection, which names it again if it is there")
    func pendingIsForgotten() {
        var state = Self.running()
        _ = state.add("a", namespace: Self.one)
        _ = state.ended("a", attempt: 1, error: "port taken", now: 0)
        state.connected()
        #expect(state.pendingCount == 0)
    }

    @Test("whoever waited for a pod on an old connection gets no answer on the new one")
    func answersGoToTheirConnection() {
        var state = NodeAgentState()
        state.connected()
        _ = state.add("a", namespace: Self.one)
        state.disconnected()
        state.connected()
        #expect(state.ended("a", attempt: 1, error: nil, now: 0).isEmpty)
    }

    @Test("an old attempt's end says nothing of the new one")
    func staleAttempt() {
        var state = NodeAgentState()
        state.connected()
        _ = state.add("a", namespace: Self.one)
        #expect(
            state.add("a", namespace: Self.other)
                == [.stop(uid: "a", isImmediate: true), .start(uid: "a", attempt: 2)]
        )
        #expect(state.ended("a", attempt: 1, error: "stopped", now: 0).isEmpty)
        #expect(state.ended("a", attempt: 2, error: nil, now: 0) == [.answer(nil)])
    }

    @Test("a second snapshot, or keep after it, breaks the protocol; pods stay")
    func protocolErrors() {
        var state = Self.running("a")
        #expect(state.snapshotSent() == [.refuse("snapshot_sent came twice")])
        #expect(state.keep("a") == [.refuse("keep is only allowed before snapshot_sent")])
        #expect(state.runningCount == 1)
    }

    @Test("more pods than can be served are refused")
    func bound() {
        var state = NodeAgentState()
        state.connected()
        for number in 0..<NodeAgentState.maximumPods { _ = state.add("\(number)", namespace: Self.one) }
        #expect(state.add("one more", namespace: Self.one) == [.answer("more than 1024 pods are not served")])
    }
}
