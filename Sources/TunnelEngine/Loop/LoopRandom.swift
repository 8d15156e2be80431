/// Random numbers of one loop for choices and names that nobody gains by guessing: which endpoint, which trace id.
///
/// xoshiro256** (Blackman and Vigna, 2018), seeded by the system. Keys, nonces and ids that protect something come from the
/// system itself. Confined to its loop.
package final class LoopRandom: RandomNumberGenerator {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    init() {
        var system = SystemRandomNumberGenerator()
        // A state of zeros would stay so.
        self.state = (system.next() | 1, system.next(), system.next(), system.next())
    }

    package func next() -> UInt64 {
        let product = self.state.1 &* 5
        let result = (product << 7 | product >> 57) &* 9
        let shifted = self.state.1 << 17
        self.state.2 ^= self.state.0
        self.state.3 ^= self.state.1
        self.state.1 ^= self.state.2
        self.state.0 ^= self.state.3
        self.state.2 ^= shifted
        self.state.3 = self.state.3 << 45 | self.state.3 >> 19
        return result
    }
}
