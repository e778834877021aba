#!/bin/sh
# Prepares the cluster and what the gateways share, once; running it again changes nothing. The folder holds
# signing-key.pem, gateway.env (a key that can't delete) and worker.env (the key of the role retention).
set -eu
umask 077
folder=${1:?the folder for keys}

if [ ! -f "$folder/signing-key.pem" ]; then
  node -e 'process.stdout.write(require("node:crypto").generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }))' \
    >"$folder/signing-key.part"
  mv "$folder/signing-key.part" "$folder/signing-key.pem"
fi
export TRAILSEAL_SIGNING_KEY="$folder/signing-key.pem"

# A key is shown the one time that it is made.
keep_key() { # $1: file; the rest: options of setup
  file=$folder/$1; shift
  node bin/trailseal.js setup "$@" >"$folder/setup.part"
  grep -v '^ELASTICSEARCH_API_KEY=' "$folder/setup.part" || true
  if grep '^ELASTICSEARCH_API_KEY=' "$folder/setup.part" >"$file.part"; then mv "$file.part" "$file"; fi
  rm -f "$folder/setup.part" "$file.part"
  [ -f "$file" ] || {
    echo "The cluster has a key whose text is gone: invalidate it in Elasticsearch (DELETE _security/api_key), then run this again." >&2
    exit 1
  }
}
keep_key gateway.env
keep_key worker.env --retention-key
