#!/usr/bin/env bash
# Runs the tests: all of them, or only "unit" or "scenario". One debug build serves the Swift tests and the helpers of
# the scenarios; only the data planes are built in release, because the scenarios test the static binaries that ship.
#
# ONLY names scenarios, with whatever pytest takes: ONLY="test_faults.py -k minute". TULLE_ZTUNNEL names a ztunnel that is
# built already.
set -euo pipefail
cd "$(dirname "$0")/.."

part=${1:-all}
case "$part" in
    all | unit | scenario) ;;
    *) echo "test: unknown part \"$part\"; allowed: unit, scenario, or nothing for both" >&2; exit 64 ;;
esac

scripts/setup.sh
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
failed=0
summary=()
data_planes=()
if [ -z "${TULLE_ZTUNNEL:-}" ]; then data_planes+=(ztunnel); fi
if [ -z "${TULLE_WAYPOINT:-}" ]; then data_planes+=(waypoint); fi

if [ "$part" != scenario ]; then
    # AWS's own signature cases; without them their tests would be skipped, so a failure to get them is one.
    PATH="$PWD/.venv/bin:$PATH" scripts/fetch-sigv4-suite.sh
    swift build --build-tests
    # The tests need one core; the other builds the data planes meanwhile, in its own directory and giving way to them. What
    # is built then also has its instructions counted.
    release=
    release() {
        renice -n 10 "$BASHPID" >/dev/null
        if [ "${#data_planes[@]}" -gt 0 ]; then scripts/build-release.sh "${data_planes[@]}" || return 1; fi
        scripts/instruction-counts.py >"$logs/counts" 2>&1 || touch "$logs/counts-failed"
    }
    if [ "$part" = all ]; then
        release >"$logs/release" 2>&1 &
        release=$!
    fi
    swift_tests=(swift test --ignore-lock --no-parallel --skip-build)
    # Swift Testing ends with one line: "Test run with N tests in M suites passed after S seconds."
    outcome() { grep -E 'Test run with [0-9]+ tests?' "$1" | tail -n 1 || true; }
    if "${swift_tests[@]}" --xunit-output "$logs/unit.xml" 2>&1 | tee "$logs/unit"; then
        summary+=("Swift tests: $(outcome "$logs/unit")")
    else
        # Some have deadlines in real time, and share the machine. What fails once more fails; all are named.
        summary+=("Swift tests, first run: $(outcome "$logs/unit")")
        mapfile -t names < <(scripts/failed-tests.py "$logs"/unit*.xml)
        summary+=("${names[@]/#/  failed: }")
        if [ "${#names[@]}" -eq 0 ] || [ "${#names[@]}" -gt 5 ]; then
            failed=1
        else
            filters=()
            for name in "${names[@]}"; do filters+=(--filter "$(scripts/failed-tests.py --filter "$name")"); done
            if "${swift_tests[@]}" "${filters[@]}" 2>&1 | tee "$logs/unit-again"; then :; else failed=1; fi
            summary+=("Swift tests, those that failed once more: $(outcome "$logs/unit-again")")
        fi
    fi
    if [ -z "$(outcome "$logs/unit")" ]; then failed=1; fi
fi

if [ "$part" != unit ]; then
    if compgen -G 'Tests/Scenarios/test_*.py' >/dev/null; then
        if [ "$part" = scenario ]; then
            swift build
            if [ "${#data_planes[@]}" -gt 0 ]; then scripts/build-release.sh "${data_planes[@]}"; fi
        elif [ -n "$release" ] && ! wait "$release"; then
            cat "$logs/release"
            exit 1
        fi
        if [ -e "$logs/counts" ]; then
            cat "$logs/counts"
            summary+=("instructions: $(grep '^instruction-counts: ' "$logs/counts" | tail -n 1 | cut -d ' ' -f 2-)")
            if [ -e "$logs/counts-failed" ]; then failed=1; fi
        fi
        as_root=()
        if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n --preserve-env); fi
        if ! "${as_root[@]}" true 2>/dev/null; then
            # They make network namespaces. Whoever asked for them must hear that they did not run.
            summary+=("scenarios: NOT RUN, they need root; run 'sudo make scenario'")
            if [ "$part" = scenario ]; then failed=1; fi
        else
            bin=$(swift build --show-bin-path)
            export TULLE_ZTUNNEL="${TULLE_ZTUNNEL:-$PWD/out/ztunnel}" TULLE_WAYPOINT="${TULLE_WAYPOINT:-$PWD/out/waypoint}"
            export TULLE_TULLED="$bin/tulled" TULLE_CLI="$bin/tulle" TULLE_LAB="$bin/tulle-lab"
            export PATH="$PWD/.venv/bin:$PATH"
            # Words of their own, as a person writes them.
            read -r -a chosen <<<"${ONLY:-Tests/Scenarios}"
            chosen=("${chosen[@]/#test_/Tests/Scenarios/test_}")
            scenarios=("${as_root[@]}" .venv/bin/pytest -q -rsfE)
            # Two at a time, each with a network of its own: most of what they do is waiting. Where that can't be made, one
            # after the other.
            at_once=()
            if "${as_root[@]}" scripts/scenario-python -c pass; then
                at_once=(--dist loadfile --tx "2*popen//python=$PWD/scripts/scenario-python")
            fi
            if "${scenarios[@]}" "${at_once[@]}" --durations=20 "${chosen[@]}" 2>&1 | tee "$logs/scenario"; then
                summary+=("scenarios: $(tail -n 1 "$logs/scenario")")
            else
                # Their deadlines are real time. What fails once more, alone, fails; what doesn't is named all the same.
                summary+=("scenarios, first run: $(tail -n 1 "$logs/scenario")")
                mapfile -t names < <(grep -E '^(FAILED|ERROR) ' "$logs/scenario" | cut -c 1-200)
                summary+=("${names[@]/#/  }")
                if "${scenarios[@]}" --last-failed --last-failed-no-failures none "${chosen[@]}" 2>&1 |
                    tee "$logs/again"; then :; else failed=1; fi
                summary+=("scenarios, those that failed once more: $(tail -n 1 "$logs/again")")
            fi
        fi
    else
        summary+=("scenarios: none")
    fi
fi

printf '\n'
printf '%s\n' "${summary[@]}"
exit "$failed"
