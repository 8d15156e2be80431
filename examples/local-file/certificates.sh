#!/usr/bin/env bash
# certificates.sh DIRECTORY: a root, and a certificate each for the service accounts shell and echo of namespace demo.
# For trying things out: the root's key stays in DIRECTORY, and everything ends after a day.
set -euo pipefail
directory=${1:?usage: certificates.sh DIRECTORY}
mkdir -p "$directory"
cd "$directory"
umask 077

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj "/CN=example root" \
    -addext "keyUsage=critical,keyCertSign,cRLSign" -keyout root-key.pem -out root.pem 2>/dev/null
for name in shell echo; do
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$name-key.pem"
    openssl req -new -key "$name-key.pem" -subj "/" -out "$name.csr"
    openssl x509 -req -in "$name.csr" -CA root.pem -CAkey root-key.pem -CAcreateserial -days 1 -out "$name.pem" \
        -extfile <(printf '%s\n' "subjectAltName=critical,URI:spiffe://cluster.local/ns/demo/sa/$name" \
            "keyUsage=critical,digitalSignature" "extendedKeyUsage=serverAuth,clientAuth") 2>/dev/null
    rm "$name.csr"
done
