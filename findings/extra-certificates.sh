#!/usr/bin/env bash
# Node 20.20.2 and 22.23.3: NODE_EXTRA_CA_CERTS names a file with certificates. Node 20 reads it when it starts, whatever the program does:
# `node -e 0` takes three times the processor time with a usual list of certificate authorities (0.08 instead of 0.03 s here), and so does
# each child process, which inherits the variable. Node 22 reads it when the first connection needs it. A file that is not there tells
# them apart without a clock: Node 20 warns of it at once, Node 22 says nothing.
#
# So a pool of processes, or `fork`, starts slowly under Node 20 where a company sets that variable. A pool that hands its children an
# environment without it (tinypool 2.2.0 does, unless it is told otherwise) starts quicker, and its children do not know the certificates.
#
# Without skein. Needs the npm registry. Ends with 0 as long as that is so, and with 1 once it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true }' > package.json
npm install --silent --no-audit --no-fund v20@npm:node@20.20.2 v22@npm:node@22.23.3
for version in v20 v22; do
  NODE_EXTRA_CA_CERTS="$folder/not-there.pem" "node_modules/$version/bin/node" -p process.version > "$version.out" 2> "$version.err"
  echo "$(cat "$version.out"): $(cat "$version.err" | head -n 1 | cut -c 1-60)"
done
grep -q '^v20\.20\.2$' v20.out
grep -q '^v22\.23\.3$' v22.out
grep -q 'Ignoring extra certs' v20.err
test ! -s v22.err
