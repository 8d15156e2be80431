import CertificateAuthority
import ECSDiscovery
import Logging
import MeshConfig
import Synchronization

/// How virtual addresses are kept, and how several replicas settle who has which.
extension RegistryPublisher {
    /// Before the first push all addresses must be settled: data planes that come from another replica would lose those
    /// that they know. Whoever knows most of them from before a restart need not wait for a table that is gone.
    func settleFirst(_ claims: AddressClaims) async {
        // A second round finds what another replica claimed meanwhile; more are not to be expected.
        for _ in 0..<Self.claimRounds where !self.store.isReady && !Task.isCancelled {
            let trial = self.state.withLock { state -> VIPAllocator? in
                guard state.isDeclared, self.isComplete(state) else { return nil }
                var compiler = state.compiler
                let snapshots = state.snapshots.sorted { $0.key < $1.key }.map(\.value)
                _ = compiler.compile(snapshots, resources: state.declared, keySets: state.keySets)
                return compiler.allocator
            }
            guard let trial, !trial.proposals.isEmpty else { return }
            let isSettled = await self.settle(trial.proposals, claims)
            if !isSettled {
                guard trial.allocations.isEmpty, ContinuousClock.now - self.start < self.startPatience else { return }
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// Settles what pushes propose, and looks from time to time whether all is as it was: until cancelled. Pushes do not
    /// wait for it; a service gets its address with the next one.
    func settle(_ claims: AddressClaims) async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                while (try? await Task.sleep(for: Self.claimsLook)) != nil { self.tellingProposals.yield() }
            }
            self.tellingProposals.yield()
            var pause = Duration.seconds(1)
            var last: [String: VIPAllocator.Proposal] = [:]
            for await _ in self.proposalNews {
                let proposals = self.state.withLock(\.compiler.allocator.proposals)
                let isSettled = await self.settle(proposals, claims)
                if isSettled { self.signalling.yield() }
                // What comes back unsettled must not make a loop.
                if isSettled, proposals.isEmpty || proposals != last {
                    pause = .seconds(1)
                } else {
                    guard (try? await Task.sleep(for: pause)) != nil else { break }
                    pause = min(pause * 2, .seconds(10))
                    self.tellingProposals.yield()
                }
                last = proposals
            }
            group.cancelAll()
        }
    }

    private func settle(_ proposals: [String: VIPAllocator.Proposal], _ claims: AddressClaims) async -> Bool {
        do {
            let settled = try await claims.settle(proposals)
            self.state.withLock { state in
                state.compiler.readdress { $0.adopt(settled) }
                state.areClaimsBroken = false
            }
            return true
        } catch {
            guard !Task.isCancelled else { return false }
            let isNew = self.state.withLock { state in
                defer { state.areClaimsBroken = true }
                return !state.areClaimsBroken
            }
            if isNew {
                self.logger.warning(
                    "new virtual addresses cannot be claimed, services that need one wait",
                    metadata: ["error": "\(error)", "addresses": "\(proposals.count)"]
                )
            }
            return false
        }
    }

    /// Keeps addresses on disk.
    func keep(_ allocator: VIPAllocator) {
        do {
            try self.addressFile.store(allocator)
            self.state.withLock { state in
                state.storedAddresses = allocator
                state.isAddressFileBroken = false
            }
        } catch {
            // The addresses follow from the names, so a restart finds nearly all of them again.
            let isNew = self.state.withLock { state in
                defer { state.isAddressFileBroken = true }
                return !state.isAddressFileBroken
            }
            if isNew { self.logger.error("virtual addresses cannot be stored", metadata: ["error": "\(error)"]) }
        }
    }
}
