import DataPlane
import Testing

@testable import ZTunnel

@Suite struct RetryBudgetTests {
    private func spent(_ budget: inout RetryBudget) -> Int {
        var count = 0
        while budget.spend() { count += 1 }
        return count
    }

    @Test("a reserve first, then one retry for every five connections, and never more than can be saved")
    func bounds() {
        var budget = RetryBudget()
        #expect(self.spent(&budget) == RetryBudget.reserve)
        for _ in 0..<4 { budget.earn() }
        #expect(self.spent(&budget) == 0)
        budget.earn()
        #expect(self.spent(&budget) == 1)
        for _ in 0..<100_000 { budget.earn() }
        #expect(self.spent(&budget) == RetryBudget.maximum)
    }
}
