# The front door. Each verb is one script, so that what CI runs and what a person runs is the same.

.DEFAULT_GOAL := help
.PHONY: help demo demo-l7 demo-down test unit scenario fuzz sanitize attack soak bench bench-controlplane counts counts-record build release check-deploy lint format protos limits setup clean

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## set up, build release and play the walkthrough: two ECS services, one mutual TLS tunnel
	@scripts/demo.sh

demo-l7: ## canary, route by header, policy by method, faults and retries through a waypoint (root)
	@scripts/demo-l7.sh

demo-down: ## remove whatever the demo made
	@scripts/demo.sh down

test: ## set up and run every test: unit, structure and whole-mesh scenarios
	@scripts/test.sh

unit: ## only the Swift tests
	@scripts/test.sh unit

scenario: ## only the whole-mesh tests, in network namespaces (root)
	@scripts/test.sh scenario

fuzz: ## libFuzzer with AddressSanitizer on every reader of outside bytes; FUZZ_SECONDS each (60)
	@scripts/fuzz.sh $(TARGETS)

sanitize: ## the lower ROOMS' tests under AddressSanitizer, one after the other; SANITIZER=thread for the other
	@scripts/sanitize.sh $(or $(SANITIZER),address)

attack: ## hostile peers and clients against real processes, long form (root)
	@scripts/attack.sh

soak: ## mixed load for SOAK_SECONDS (600), checks that memory, descriptors and timers stay flat (root)
	@scripts/soak.sh

bench: ## ztunnel and waypoint beside Envoy, names beside unbound, plots; or PARTS="tunnel waypoint names plots" (root)
	@scripts/bench.sh $(PARTS)

bench-controlplane: ## pushes to CLIENTS (1000) data planes at 1k, 3k and 10k workloads; writes docs/performance.md
	@scripts/bench-controlplane.sh

counts: setup ## instructions of the paths that cost most, against those recorded in docs/instruction-counts.json
	@scripts/instruction-counts.py

counts-record: setup ## record these instructions anew
	@scripts/instruction-counts.py --record

build: ## debug build of everything
	swift build

release: ## release binaries in out/ (ztunnel, waypoint static), a layer for Lambda, SHA256SUMS and what is in them (sbom.cdx.json)
	@scripts/build-release.sh ztunnel waypoint tulled tulle tulle-lab
	@scripts/lambda-layer.py
	@scripts/release-manifest.py

check-deploy: ## hold templates and units in deploy/ against cfn-lint, Terraform and systemd, as far as they are there
	@scripts/check-deploy.sh

lint: ## formatting and shell rules; changes nothing
	@scripts/lint.sh

format: ## format every Swift file in place
	swift format format --in-place --parallel --recursive Package.swift Sources Tests Fuzz Benchmarks

protos: setup ## check that our .proto files compile, with Python's protoc
	@scripts/protos.sh

limits: ## write docs/limits.md and docs/tulled-settings.md anew from the code
	@scripts/limits.py
	@scripts/tulled-settings.py

setup: ## install what the other verbs need (apt packages, local Python environment)
	@scripts/setup.sh

clean: ## remove build products; keeps the Python environment
	rm -rf .build out
