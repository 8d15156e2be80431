#!/bin/sh
# Fetches AWS's Signature Version 4 test suite, which travels inside botocore's source distribution, into out/sigv4/.
# The suite is not ours to commit; AWSSignatureTests reads it when it is there.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
target="$root/out/sigv4"
version=${BOTOCORE_VERSION:-1.43.11}

if [ -d "$target/aws4_testsuite" ]; then
    echo "out/sigv4/aws4_testsuite is already here"
    exit 0
fi

mkdir -p "$target"
scratch=$(mktemp -d "$target/fetch.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

python3 -m pip download --quiet --no-deps --no-binary botocore --dest "$scratch" "botocore==$version"
tar -xzf "$scratch/botocore-$version.tar.gz" -C "$scratch" "botocore-$version/tests/unit/auth/aws4_testsuite"
mv "$scratch/botocore-$version/tests/unit/auth/aws4_testsuite" "$target/aws4_testsuite"
echo "fetched out/sigv4/aws4_testsuite from botocore $version"
