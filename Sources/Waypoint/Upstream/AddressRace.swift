import MeshModel
import TunnelEngine

/// Connects to the first of several addresses that answers, in the manner of RFC 8305: the families take turns, and the
/// next address is tried beside the last one when that has been silent for a moment, or instead of it when it failed.
///
/// Confined to its loop. The completion is called once, possibly before ``start(completion:)`` returns, unless it is
/// cancelled.
final class AddressRace {
    typealias Completion = (Result<(descriptor: Int32, address: SocketAddress), EndpointDial.Failure>) -> Void

    private let worker: WaypointWorker
    private let milliseconds: UInt64
    private var left: ArraySlice<SocketAddress>
    private var dials: [SocketAddress: TCPDial] = [:]
    private var completion: Completion?
    /// Why the last one failed.
    private var failure = EndpointDial.Failure(kind: .noRoute, reason: "there is no address")
    private lazy var stagger = LoopAlarm(loop: self.worker.loop)

    /// How long an address may be silent before the next is tried beside it, as Envoy has it.
    private static let patience: UInt64 = 300
    /// Addresses of one name that are tried at most.
    static let maximumAddresses = 8

    /// - Parameters:
    ///   - addresses: in order; ``order(_:prefersV4:)`` makes one.
    ///   - milliseconds: for each of them.
    init(worker: WaypointWorker, addresses: [SocketAddress], milliseconds: UInt64) {
        self.worker = worker
        self.left = addresses.prefix(Self.maximumAddresses)
        self.milliseconds = milliseconds
    }

    /// Lets the families take turns, beginning with the one that is preferred, or else with that of the first address.
    static func order(_ addresses: [IPAddress], prefersV4: Bool?) -> [IPAddress] {
        let startsWithV4 = prefersV4 ?? addresses.first?.isV4 ?? true
        let first = addresses.filter { $0.isV4 == startsWithV4 }
        let second = addresses.filter { $0.isV4 != startsWithV4 }
        return (0..<max(first.count, second.count)).flatMap { place in
            [first, second].compactMap { place < $0.count ? $0[place] : nil }
        }
    }

    func start(completion: @escaping Completion) {
        self.completion = completion
        self.next()
    }

    private func next() {
        self.stagger.cancel()
        while self.completion != nil {
            guard let address = self.left.popFirst() else {
                if self.dials.isEmpty { self.finish(.failure(self.failure)) }
                return
            }
            // The same twice would only be the same again.
            guard self.dials[address] == nil, self.begin(address) else { continue }
            if !self.left.isEmpty { self.stagger.set(after: Self.patience) { [weak self] in self?.next() } }
            return
        }
    }

    /// Returns whether it is under way.
    private func begin(_ address: SocketAddress) -> Bool {
        do throws(TCPDial.Failure) {
            self.dials[address] = try TCPDial(
                loop: self.worker.loop,
                to: address,
                from: self.worker.context.bindAddress(toReach: address.ip),
                milliseconds: self.milliseconds
            ) { [weak self] result in
                guard let self, self.completion != nil else {
                    if case .success(let descriptor) = result { Socket.close(descriptor) }
                    return
                }
                self.dials[address] = nil
                switch result {
                case .success(let descriptor): self.finish(.success((descriptor, address)))
                case .failure(let failure):
                    self.note(failure, address)
                    self.next()
                }
            }
            return true
        } catch {
            self.note(error, address)
            return false
        }
    }

    private func note(_ failure: TCPDial.Failure, _ address: SocketAddress) {
        self.failure =
            switch failure {
            case .timedOut: EndpointDial.Failure(kind: .timedOut, reason: "\(address) did not answer")
            case .socket(let error): EndpointDial.Failure(kind: .refused, reason: "\(address): \(error)")
            }
    }

    private func finish(_ result: Result<(descriptor: Int32, address: SocketAddress), EndpointDial.Failure>) {
        let completion = self.completion
        self.cancel()
        completion?(result)
    }

    /// Gives up; the completion is not called.
    func cancel() {
        self.completion = nil
        self.stagger.cancel()
        for dial in self.dials.values { dial.cancel() }
        self.dials = [:]
    }
}
