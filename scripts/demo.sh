#!/usr/bin/env bash
# The walkthrough on one machine: two ECS services, one mutual TLS tunnel. "demo.sh down" removes what it made.
#
# Everything that a person would do on AWS is done with the real aws CLI, against the lab's API. The lab then runs the
# tasks as ECS would: a network namespace each, with the redirect rules of their task definition.
#
#   TULLE_DEMO_SKIP_BUILD=1         take the binaries that are in out/
#   TULLE_DEMO_LAB_OPTIONS="…"      more options for "tulle-lab up", such as another --subnet and --bridge
set -euo pipefail
cd "$(dirname "$0")/.."

state=.tulle-lab
namespace=demo
marker="marker-$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')"
here=$PWD

say() { printf '• %s\n' "$*"; }
title() { printf '\n%s\n' "$*"; }
fail() {
    printf '✗ %s\n' "$*" >&2
    if [ -s "$state/tulled.log" ]; then
        echo "  the end of tulled's log ($state/tulled.log):" >&2
        tail -n 5 "$state/tulled.log" | sed 's/^/    /' >&2
    fi
    echo "  what the lab left can be looked at; 'make demo-down' removes it" >&2
    exit 1
}

# --- going down ------------------------------------------------------------------------------------------------------

# Ends the process in a pid file, if it still is the program that wrote the file.
end_process() { # FILE PROGRAM
    local pid
    if [ ! -s "$1" ]; then return 0; fi
    pid=$(cat "$1")
    if [ -e "/proc/$pid/exe" ] && [ "$(basename "$(readlink "/proc/$pid/exe")" | cut -d' ' -f1)" = "$2" ]; then
        kill "$pid" 2>/dev/null || true
        for _ in $(seq 50); do
            if [ ! -e "/proc/$pid" ]; then break; fi
            sleep 0.1
        done
        kill -9 "$pid" 2>/dev/null || true
    fi
    rm -f "$1"
}

down() {
    end_process "$state/tcpdump.pid" tcpdump
    end_process "$state/tulled.pid" tulled
    if [ -e "$state/ledger.jsonl" ]; then
        # The ledger says what there is to remove, so the directory must stay as long as nobody can.
        if [ ! -x out/tulle-lab ]; then
            echo "demo: out/tulle-lab is missing, and $state says that a lab is up; run 'make release' first" >&2
            exit 1
        fi
        out/tulle-lab down --state-dir "$state" >/dev/null
    fi
    rm -rf "$state"
}

case "${1:-up}" in
    up) ;;
    down)
        down
        say "the demo is gone: processes, namespaces, bridge, rules and state"
        exit 0
        ;;
    *)
        echo "demo: unknown verb \"$1\"; allowed: down, or nothing" >&2
        exit 64
        ;;
esac

# --- setting up ------------------------------------------------------------------------------------------------------

scripts/setup.sh
export PATH="$here/.venv/bin:$here/out:$PATH:/usr/sbin:/sbin"
if [ "${TULLE_DEMO_SKIP_BUILD:-}" != 1 ]; then
    mkdir -p out
    say "building release: ztunnel (static), tulled, tulle, tulle-lab; the first time takes a quarter of an hour"
    if ! scripts/build-release.sh ztunnel tulled tulle tulle-lab 2>&1 | tee out/build.log |
        { grep --line-buffered -E '^✓|error:' || true; }; then
        fail "the build failed; all of it is in out/build.log"
    fi
fi
down

started=$(date +%s)
read -r -a lab_options <<<"${TULLE_DEMO_LAB_OPTIONS:-}"
if [ "$(id -u)" -ne 0 ]; then
    lab_options+=(--loopback)
    say "no root: each task gets a loopback address and dials by SOCKS; run as root for network namespaces"
fi

title "A local ECS"
install -d -m 700 "$state"
# What the image of deploy/taskdefinitions/echo.json is here: the host's nginx.
cat >"$state/images.json" <<JSON
{"images": {"nginxinc/nginx-unprivileged": {
  "command": ["nginx", "-p", ".", "-c", "/nginx.conf", "-g", "daemon off;"],
  "files": {"/nginx.conf": "$here/scripts/lab/images/nginx.conf"}}}}
JSON
tulle-lab up --detach --state-dir "$state" --config "$state/images.json" "${lab_options[@]}" >/dev/null || fail "the lab did not come up"
# shellcheck source=/dev/null
source "$state/env"
captures=(appmesh socks)
if [ "$TULLE_LAB_MODE" = loopback ]; then captures=(socks); fi
say "AWS API at $AWS_ENDPOINT_URL (moto, signatures checked), account $TULLE_LAB_ACCOUNT_ID, $AWS_REGION"

aws ecs create-cluster --cluster-name demo --tags key=tulle/discovery-enabled,value=true >/dev/null
say "aws ecs create-cluster: demo, to be discovered by the mesh"

cat >"$state/trust.json" <<JSON
{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
  "Principal": {"Service": "ecs-tasks.amazonaws.com"},
  "Condition": {"StringEquals": {"aws:SourceAccount": "$TULLE_LAB_ACCOUNT_ID"}}}]}
JSON
bindings=()
for service in shell echo; do
    role=$(aws iam create-role --role-name "$service" --assume-role-policy-document "file://$state/trust.json" \
        --query Role.Arn --output text)
    bindings+=(--binding "$role=$namespace/$service")
done
say "aws iam create-role: shell and echo, a task role each, without any permission"

zone_options=()
if [ "$TULLE_LAB_MODE" = namespaces ]; then
    aws route53 create-hosted-zone --name "$namespace" --caller-reference "$marker" \
        --vpc "VPCRegion=$AWS_REGION,VPCId=$TULLE_LAB_VPC_ID" --hosted-zone-config PrivateZone=true >/dev/null
    zone_options=(--route53-zone "$namespace")
    say "aws route53 create-hosted-zone: private zone \"$namespace\" for the services' names"
fi

title "The mesh"
tulled --state-dir "$state/tulled" --listen "$TULLE_LAB_HOST:15012" --admin-listen 127.0.0.1:15014 \
    --public-url "https://$TULLE_LAB_HOST:15012" --server-name "$TULLE_LAB_HOST" --region "$AWS_REGION" \
    --sts-endpoint "$AWS_REGION=$AWS_ENDPOINT_URL" --poll-interval 1s "${bindings[@]}" "${zone_options[@]}" \
    >"$state/tulled.log" 2>&1 &
echo $! >"$state/tulled.pid"
for _ in $(seq 100); do
    if curl -sf --max-time 2 http://127.0.0.1:15014/bootstrap >/dev/null; then break; fi
    if ! kill -0 "$(cat "$state/tulled.pid")" 2>/dev/null; then fail "tulled ended by itself"; fi
    sleep 0.1
done
curl -sf --max-time 2 http://127.0.0.1:15014/bootstrap >/dev/null || fail "tulled does not answer on 127.0.0.1:15014"
say "tulled: control plane at https://$TULLE_LAB_HOST:15012, one binding a role"

# --- enrolling -------------------------------------------------------------------------------------------------------

# Makes a service from a plain task definition, with the ztunnel put in by tulle.
enrol() { # SERVICE CAPTURE TAGS…
    local service=$1 capture=$2 token definition revision
    shift 2
    token=$(tulle bootstrap -n "$namespace" -s "$service" 2>/dev/null) || fail "tulle bootstrap failed"
    say "tulle bootstrap -n $namespace -s $service: a token of ${#token} characters, no secret in it"
    definition=$state/$service.json
    sed "s/123456789012/$TULLE_LAB_ACCOUNT_ID/" "deploy/taskdefinitions/$service.json" >"$state/$service.plain.json"
    tulle ecs add-service -n "$namespace" -s "$service" --capture "$capture" --image tulle/ztunnel:demo \
        --bootstrap-token "$token" --task-definition "$state/$service.plain.json" --render json \
        >"$definition" 2>"$state/$service.render.log" || fail "tulle could not edit the task definition of $service"
    revision=$(aws ecs register-task-definition --cli-input-json "file://$definition" \
        --query 'taskDefinition.[family, revision]' --output text | tr '\t' :)
    say "aws ecs register-task-definition: $revision, containers $service and ztunnel"
    aws ecs create-service --cluster demo --service-name "$service" --task-definition "$revision" --desired-count 1 \
        --launch-type FARGATE --propagate-tags SERVICE --enable-ecs-managed-tags --enable-execute-command \
        --network-configuration "awsvpcConfiguration={subnets=[$TULLE_LAB_SUBNETS],securityGroups=[$TULLE_LAB_SECURITY_GROUP]}" \
        --tags "key=tulle/namespace,value=$namespace" "key=tulle/service-account,value=$service" \
        "key=tulle/mode,value=$capture" "$@" >/dev/null
    say "aws ecs create-service: $service"
}

# One value of a service's task, by a Python expression on it; nothing unless there is exactly one.
of_task() { # SERVICE EXPRESSION
    tulle-lab status --json --state-dir "$state" | python3 -c '
import json, sys
service, expression = sys.argv[1:]
tasks = [t for t in json.load(sys.stdin)["tasks"] if t.get("service") == service and t["status"] != "STOPPED"]
if len(tasks) == 1:
    task = tasks[0]
    proxy = next((c for c in task["containers"] if c["name"] == "ztunnel"), {})
    print(eval(expression))' "$1" "$2"
}

# Waits until the service has one task, another than the one before, and all of it is healthy.
wait_for() { # SERVICE [TASK BEFORE]
    local service=$1 before=${2:-none} found=
    for _ in $(seq 300); do
        found=$(of_task "$service" '" ".join([task["status"], proxy.get("health", "-"), task["id"]])')
        if [[ $found == "RUNNING HEALTHY "* && $found != *" $before" ]]; then
            say "task \"$service\" is healthy at $(of_task "$service" 'task["address"]')"
            return 0
        fi
        sleep 0.15
    done
    tulle-lab logs "$service" --container ztunnel --state-dir "$state" 2>/dev/null | tail -n 5 >&2
    fail "task \"$service\" did not become healthy (status, ztunnel's health, task: ${found:-more or less than one task})"
}

in_task() { # SERVICE COMMAND…
    local service=$1
    shift
    tulle-lab exec --state-dir "$state" "$service" -- "$@"
}

# Waits until shell's ztunnel knows that echo's task takes tunnels and is echo's only one (after a roll-out the old one
# stays known for a poll), and until the name resolves.
wait_for_peer() {
    local address
    address=$(of_task echo 'task["address"]')
    for _ in $(seq 100); do
        if in_task shell curl -sf --noproxy '*' --max-time 2 "http://$loopback:15000/config_dump" | python3 -c '
import json, sys
dump = json.load(sys.stdin)
def is_peer(w):
    takes_tunnels = w["protocol"] == "HBONE" and w["status"] == "Healthy"
    return takes_tunnels and any(ip.endswith(sys.argv[1]) for ip in w["workloadIps"])
uids = {w["uid"] for w in dump["workloads"] if is_peer(w)}
ends = {e["workloadUid"] for s in dump["services"] if s["name"] == "echo" for e in s["endpoints"].values()}
sys.exit(0 if uids and uids == ends else 1)' "$address" 2>/dev/null; then
            if [ "$TULLE_LAB_MODE" = loopback ] || in_task shell getent hosts "echo.$namespace" >/dev/null; then
                return 0
            fi
        fi
        sleep 0.15
    done
    fail "shell's ztunnel was not told of echo's task at $address, or echo.$namespace does not resolve"
}

# --- the request -----------------------------------------------------------------------------------------------------

request() { # CAPTURE
    local capture=$1 shell_address echo_address answer line proxy=()
    shell_address=$(of_task shell 'task["address"]')
    echo_address=$(of_task echo 'task["address"]')
    if [ "$TULLE_LAB_MODE" = namespaces ]; then
        tcpdump -i "$TULLE_LAB_BRIDGE" -s 0 -U -n --immediate-mode -Z root -w "$state/bridge.pcap" ip 2>"$state/tcpdump.log" &
        echo $! >"$state/tcpdump.pid"
        for _ in $(seq 50); do
            if grep -q listening "$state/tcpdump.log"; then break; fi
            sleep 0.1
        done
        grep -q listening "$state/tcpdump.log" || fail "tcpdump does not listen: $(cat "$state/tcpdump.log")"
    fi
    if [ "$capture" = socks ]; then proxy=(--proxy "socks5h://$loopback:15080"); fi
    say "shell\$ curl ${proxy[*]}${proxy:+ }http://echo.$namespace/ -H 'x-marker: $marker'"
    answer=$(in_task shell curl -s -S --max-time 10 "${proxy[@]}" -o /dev/null -w '%{http_code}' \
        -H "x-marker: $marker" "http://echo.$namespace/") || fail "curl failed in task shell"
    [ "$answer" = 200 ] || fail "the answer was HTTP $answer, not 200"
    say "HTTP $answer"

    for _ in $(seq 30); do
        line=$(tulle-lab logs echo --container ztunnel --state-dir "$state" | sed "s/^[^|]*| //" | grep 'connection complete' |
            grep 'direction="\?inbound' | grep "$shell_address" | tail -n 1) || true
        if [ -n "$line" ]; then break; fi
        sleep 0.1
    done
    [ -n "$line" ] || fail "echo's ztunnel wrote no access-log line"
    say "client  $(grep -o 'src.identity="\?[^" ]*' <<<"$line" | sed 's/.*=\"\?//')"
    say "server  $(grep -o 'dst.identity="\?[^" ]*' <<<"$line" | sed 's/.*=\"\?//')"
    say "echo's access log: $line"

    if [ "$TULLE_LAB_MODE" = namespaces ]; then
        sleep 0.3
        end_process "$state/tcpdump.pid" tcpdump
        line=$(python3 scripts/prove_tls.py "$state/bridge.pcap" "$shell_address" "$echo_address" 15008 "$marker") ||
            fail "the packet capture does not prove it"
        say "on the bridge between the tasks: $line; the marker never in clear"
    else
        say "no packet capture: it needs root"
    fi
}

loopback=127.0.0.1
capture=${captures[0]}
title "Two services, capture mode $capture"
enrol echo "$capture" key=tulle/ports,value=http:80:8080
enrol shell "$capture"
wait_for echo
wait_for shell
if [ "$TULLE_LAB_MODE" = loopback ]; then loopback=$(of_task shell 'task["address"]'); fi
wait_for_peer
resident() { of_task echo 'proxy["processID"]' | xargs -I{} awk '/^VmRSS:/ { printf "%.1f", $2 / 1024 }' /proc/{}/status; }
started_with=$(resident)
request "$capture"
# It gives back what it ran through once; the next health check is a few seconds away.
sleep 3
printf 'ztunnel resident memory (VmRSS): %s MiB just started, %s MiB at rest\n' "$started_with" "$(resident)"

for capture in "${captures[@]:1}"; do
    title "The same, capture mode $capture"
    echo_before=$(of_task echo 'task["id"]')
    shell_before=$(of_task shell 'task["id"]')
    for service in echo shell; do
        tulle ecs add-service "$service" --cluster demo -n "$namespace" -s "$service" --capture "$capture" \
            2>"$state/$service.add.log" || fail "tulle ecs add-service $service: $(tail -n 2 "$state/$service.add.log")"
        say "tulle ecs add-service $service --capture $capture: $service:2"
    done
    wait_for echo "$echo_before"
    wait_for shell "$shell_before"
    wait_for_peer
    request "$capture"
done

title "$(tulle ecs list-services --cluster demo)"
title "Done in $(($(date +%s) - started)) s. The mesh keeps running until 'make demo-down'. Look around:"
say "out/tulle-lab status"
say "out/tulle-lab exec shell -- curl -i http://echo.$namespace/"
say "out/tulle-lab logs echo"
