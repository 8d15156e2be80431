import DataPlane
import MeshModel

/// The server's side of SOCKS 5 (RFC 1928) up to the reply: method "no authentication", command CONNECT.
///
/// The reply is sent after the dial, so that a client learns by its code why a connection failed.
struct SOCKS5Negotiation {
    private enum State {
        case greeting, request, dialing, ended
    }

    private static let version: UInt8 = 5
    private static let noAuthentication: UInt8 = 0
    private static let noAcceptableMethod: UInt8 = 0xff

    private var state = State.greeting
    private var buffer: [UInt8] = []

    /// What the client sent behind its request.
    var early: [UInt8] { self.state == .dialing ? self.buffer : [] }

    /// Takes bytes of the client. At most 519 of them belong to the negotiation.
    mutating func receive(_ input: some Collection<UInt8>) -> CaptureStep {
        self.buffer.append(contentsOf: input)
        var output: [UInt8] = []
        while true {
            switch self.state {
            case .dialing, .ended:
                return CaptureStep(output: output, next: .more)
            case .greeting:
                switch self.readGreeting() {
                case .some(.success):
                    output += [Self.version, Self.noAuthentication]
                    self.state = .request
                case .some(.failure(let refusal)):
                    self.state = .ended
                    let answer = refusal == .socksMethodRefused ? [Self.version, Self.noAcceptableMethod] : []
                    return CaptureStep(output: answer, next: .refuse(refusal))
                case nil:
                    return CaptureStep(output: output, next: .more)
                }
            case .request:
                switch self.readRequest() {
                case .some(.success(let target)):
                    self.state = .dialing
                    return CaptureStep(output: output, next: .connect(target))
                case .some(.failure(let refusal)):
                    self.state = .ended
                    return CaptureStep(output: output + Self.reply(Self.code(refusal)), next: .refuse(refusal))
                case nil:
                    return CaptureStep(output: output, next: .more)
                }
            }
        }
    }

    /// The reply for a connection that stands. The bound address is left zero: clients don't use it.
    mutating func connected() -> [UInt8] {
        self.state = .ended
        return Self.reply(0)
    }

    /// The reply for a connection that failed.
    mutating func failed(_ failure: DialFailure) -> [UInt8] {
        self.state = .ended
        return Self.reply(failure.socksReply)
    }

    /// Version, count and methods; nil while they are not all here.
    private mutating func readGreeting() -> Result<Void, CaptureRefusal>? {
        guard let version = self.buffer.first else { return nil }
        guard version == Self.version else { return .failure(.socksMalformed) }
        guard let count = self.buffer.dropFirst().first else { return nil }
        guard count > 0 else { return .failure(.socksMethodRefused) }
        let methods = self.buffer.dropFirst(2).prefix(Int(count))
        guard methods.count == Int(count) else { return nil }
        guard methods.contains(Self.noAuthentication) else { return .failure(.socksMethodRefused) }
        self.buffer.removeFirst(2 + Int(count))
        return .success(())
    }

    /// Version, command, reserved byte, address type, address and port; nil while they are not all here.
    ///
    /// Each byte is judged as soon as it is there, so that garbage is refused without waiting for more of it.
    private mutating func readRequest() -> Result<DialTarget, CaptureRefusal>? {
        let bytes = self.buffer
        guard bytes.count >= 1 else { return nil }
        guard bytes[0] == Self.version else { return .failure(.socksMalformed) }
        guard bytes.count >= 2 else { return nil }
        guard bytes[1] == 1 else { return .failure(.socksCommandRefused) }
        guard bytes.count >= 3 else { return nil }
        guard bytes[2] == 0 else { return .failure(.socksMalformed) }
        guard bytes.count >= 5 else { return nil }
        let addressStart: Int
        let addressCount: Int
        switch bytes[3] {
        case 1: (addressStart, addressCount) = (4, 4)
        case 3: (addressStart, addressCount) = (5, Int(bytes[4]))
        case 4: (addressStart, addressCount) = (4, 16)
        default: return .failure(.socksAddressTypeRefused)
        }
        guard addressCount > 0 else { return .failure(.targetInvalid) }
        let end = addressStart + addressCount
        guard bytes.count >= end + 2 else { return nil }
        let port = UInt16(bytes[end]) << 8 | UInt16(bytes[end + 1])
        self.buffer.removeFirst(end + 2)
        guard let target = Self.target(bytes[addressStart..<end], isName: bytes[3] == 3, port: port) else {
            return .failure(.targetInvalid)
        }
        return .success(target)
    }

    private static func target(_ address: ArraySlice<UInt8>, isName: Bool, port: UInt16) -> DialTarget? {
        if isName {
            return String(validating: address, as: UTF8.self).flatMap { DialTarget(host: $0, port: port) }
        }
        guard port > 0, let ip = IPAddress(bytes: address) else { return nil }
        return .address(SocketAddress(ip: ip.canonical, port: port))
    }

    private static func code(_ refusal: CaptureRefusal) -> UInt8 {
        switch refusal {
        case .socksCommandRefused: 0x07
        case .socksAddressTypeRefused: 0x08
        default: 0x01
        }
    }

    private static func reply(_ code: UInt8) -> [UInt8] {
        [Self.version, code, 0, 1, 0, 0, 0, 0, 0, 0]
    }
}
