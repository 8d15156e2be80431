#!/usr/bin/env bash
# Holds deploy/ against the tools that will read it: cfn-lint (installed into .venv-deploy), Terraform, with an apply to moto,
# and systemd. What is not there is said and left out. Terraform's provider comes from its registry, or from TF_PLUGIN_DIR.
set -euo pipefail
cd "$(dirname "$0")/.."
left_out=()

stamp=.venv-deploy/requirements.installed
if ! cmp -s scripts/requirements-deploy.txt "$stamp"; then
    if python3 -m venv --clear .venv-deploy && .venv-deploy/bin/pip install --quiet --disable-pip-version-check --no-deps \
        -r scripts/requirements-deploy.txt; then
        cp scripts/requirements-deploy.txt "$stamp"
    else
        left_out+=("cfn-lint: pip could not install it")
    fi
fi
if cmp -s scripts/requirements-deploy.txt "$stamp"; then
    .venv-deploy/bin/cfn-lint deploy/cloudformation/*.json
    echo "✓ cfn-lint" >&2
fi

if command -v terraform >/dev/null; then
    terraform fmt -check -diff -recursive deploy/terraform
    copy=$(mktemp -d)
    moto=
    trap 'if [ -n "$moto" ]; then kill "$moto" 2>/dev/null || true; fi; rm -rf "$copy"' EXIT
    cp -r deploy/terraform/. "$copy"
    plugins=()
    if [ -n "${TF_PLUGIN_DIR:-}" ]; then plugins=(-plugin-dir="$TF_PLUGIN_DIR"); fi
    if ! terraform -chdir="$copy/check" init -backend=false -no-color "${plugins[@]}" >"$copy/init.log" 2>&1; then
        tail -n 5 "$copy/init.log" >&2
        left_out+=("terraform validate and apply: no provider; set TF_PLUGIN_DIR")
    else
        terraform -chdir="$copy/check" validate -no-color >/dev/null
        echo "✓ terraform validate" >&2
        if [ -x .venv/bin/moto_server ]; then
            MOTO_IAM_LOAD_MANAGED_POLICIES=true .venv/bin/moto_server -H 127.0.0.1 -p 25556 >"$copy/moto.log" 2>&1 &
            moto=$!
            for _ in $(seq 100); do
                if curl -s -o "$copy/answer" http://127.0.0.1:25556/moto-api/; then break; fi
                sleep 0.2
            done
            if ! terraform -chdir="$copy/check" apply -auto-approve -no-color >"$copy/apply.log" 2>&1; then
                tail -n 20 "$copy/apply.log" >&2
                exit 1
            fi
            echo "✓ terraform apply ($(grep -c 'Creation complete' "$copy/apply.log") resources)" >&2
        else
            left_out+=("terraform apply: no moto; run scripts/setup.sh")
        fi
    fi
else
    left_out+=("Terraform is not there")
fi

if command -v systemd-analyze >/dev/null && systemd-analyze security --help 2>/dev/null | grep -q -- --offline; then
    for unit in deploy/systemd/*.service; do
        # Exposure from 0 to 10, times ten; what the network needs is what is left.
        systemd-analyze security --offline=true --threshold=20 "$unit" >/dev/null ||
            { echo "check-deploy: $unit exposes more than 2.0" >&2; exit 1; }
    done
    echo "✓ systemd-analyze security" >&2
else
    left_out+=("systemd-analyze of version 250 or later is not there")
fi

for reason in "${left_out[@]}"; do printf '! left out: %s\n' "$reason" >&2; done
