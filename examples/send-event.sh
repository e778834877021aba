#!/usr/bin/env bash
# Sends one event and shows its receipt. Running it again adds nothing: the id makes a retry harmless.
#
#   TRAILSEAL_TOKEN=$(npx trailseal token create --role ingest --workspace default) examples/send-event.sh
set -euo pipefail

url=${TRAILSEAL_URL:-http://localhost:8787}
workspace=${TRAILSEAL_WORKSPACE:-default}
: "${TRAILSEAL_TOKEN:?Set TRAILSEAL_TOKEN to a token with role ingest}"

curl --silent --show-error --fail-with-body \
  --header "Authorization: Bearer $TRAILSEAL_TOKEN" \
  --header 'Content-Type: application/json' \
  --data @- "$url/v1/workspaces/$workspace/events" <<'JSON'
{
  "id": "example-upload-1",
  "timestamp": "2026-11-23T12:00:00Z",
  "actor": { "type": "user", "id": "u_7", "email": "a@example.com", "name": "A" },
  "action": "evidence.uploaded",
  "resource": { "type": "FILE", "id": "f_9", "name": "risk_assessment_vacuum_robot.pdf" },
  "related": [{ "type": "OBLIGATION", "id": "o_1", "name": "Art. 13" }],
  "justification": "Yearly review",
  "source": { "ip": "203.0.113.7" },
  "metadata": { "bytes": 48213, "api_key": "never-in-the-log" }
}
JSON
echo
