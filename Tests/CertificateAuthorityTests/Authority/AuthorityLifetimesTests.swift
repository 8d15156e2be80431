import CertificateAuthority
import Testing

@Suite struct AuthorityLifetimesTests {
    @Test(
        arguments: [(nil, 86_400), (0, 86_400), (-5, 86_400), (60, 60), (1, 10), (86_400, 86_400), (86_401, nil)]
            as [(Int?, Int?)]
    )
    func aWishIsGrantedOrRefused(_ wish: Int?, _ granted: Int?) {
        let lifetimes = AuthorityLifetimes()
        let result = Result { () throws(IssuanceRefusal) in try lifetimes.granted(wish.map { .seconds($0) }) }
        switch result {
        case .success(let lifetime): #expect(lifetime == granted.map { .seconds($0) })
        case .failure(let refusal):
            #expect(granted == nil)
            #expect(refusal.code == .lifetimeTooLong && refusal.answer == .invalidArgument)
            #expect(refusal.hint.contains("86401") && refusal.hint.contains("86400"))
        }
    }

    @Test func longWishesAreCutWhereTheOwnerSaysSo() throws {
        var lifetimes = AuthorityLifetimes()
        lifetimes.longWishes = .cut
        #expect(try lifetimes.granted(.seconds(1 << 32)) == .seconds(86_400))
    }
}
