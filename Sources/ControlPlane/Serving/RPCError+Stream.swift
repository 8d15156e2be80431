import GRPCCore
import MeshXDS

extension RPCError.Code {
    init(_ error: XDSStreamError) {
        switch error {
        case .nodeMissing, .nameTooLong: self = .invalidArgument
        case .tooManyTypes, .tooManyNames: self = .resourceExhausted
        case .tooFarBehind: self = .aborted
        }
    }
}
