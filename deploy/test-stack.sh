#!/bin/sh
# All tests, with Elasticsearch and Redis in containers: npm run test:stack. Arguments go to npm test.
set -eu
cd "$(dirname "$0")/.."
compose="docker compose --project-name trailseal-test --file deploy/test-engines.yml"
trap '$compose down --volumes' EXIT
$compose up --detach --wait
export ELASTICSEARCH_URL=http://127.0.0.1:19200 REDIS_URL=redis://127.0.0.1:16379
export ELASTICSEARCH_SECURE_URL=http://127.0.0.1:19201
export ELASTICSEARCH_SECURE_USERNAME=elastic ELASTICSEARCH_SECURE_PASSWORD=trailseal-test
npm test -- "$@"
# Once more what can kill Elasticsearch itself, with nobody else on it.
export ELASTICSEARCH_RESTART="$compose kill elasticsearch && $compose up --detach --wait elasticsearch"
npm test -- --runInBand $(grep -rl ELASTICSEARCH_RESTART test --include='*.test.ts')
