import Testing

@testable import DataPlane

@Suite("Heap that nobody needs")
struct HeapSurplusTests {
    private static let mebibyte = 1 << 20
    private var surplus = HeapSurplus()

    private mutating func isDue(_ kept: Int, _ resident: Int) -> Bool {
        self.surplus.isDue(HeapSurplus.Look(kept: kept, resident: resident))
    }

    @Test("what the start left is given back, however little it is, and once")
    mutating func start() {
        let look1 = self.isDue(1, 1)
        #expect(look1)
        self.surplus.gaveBack(HeapSurplus.Look(kept: 1, resident: 1))
        let look2 = self.isDue(1, 1)
        #expect(!look2)
    }

    @Test("a burst between two looks shows in resident pages, and what is in use is not tried again")
    mutating func burst() {
        self.surplus.gaveBack(HeapSurplus.Look(kept: 0, resident: Self.mebibyte))
        let look3 = self.isDue(0, Self.mebibyte + HeapSurplus.least - 1)
        #expect(!look3)
        let look4 = self.isDue(0, Self.mebibyte + HeapSurplus.least)
        #expect(look4)
        self.surplus.gaveBack(HeapSurplus.Look(kept: 0, resident: Self.mebibyte + HeapSurplus.least))
        let look5 = self.isDue(0, Self.mebibyte + HeapSurplus.least)
        #expect(!look5)
    }

    @Test("what was in use and is free now is given back, though no page more is resident")
    mutating func freed() {
        let most = Self.mebibyte * 5
        self.surplus.gaveBack(HeapSurplus.Look(kept: Self.mebibyte, resident: most))
        let look6 = self.isDue(0, most)
        #expect(!look6)
        let look7 = self.isDue(Self.mebibyte, most)
        #expect(look7)
        self.surplus.gaveBack(HeapSurplus.Look(kept: Self.mebibyte, resident: most - Self.mebibyte))
        let look8 = self.isDue(Self.mebibyte, most - Self.mebibyte)
        #expect(!look8)
    }
}
