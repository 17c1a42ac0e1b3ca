#!/usr/bin/env bash
# What `make run` does after setup: add the folder as a source, archive it, search it once.
set -euo pipefail

folder=$(cd "$1" 2>/dev/null && pwd) || {
    echo "error: no folder $1: give one that exists, as in make run SOURCE=~/Documents" >&2
    exit 2
}
query=${2-}
chosen=${3-}
cd "$(dirname "$0")/.."
dataq=.venv/bin/dataq

name=$(basename "$folder" | tr '[:upper:]' '[:lower:]' | tr -c 'a-z0-9\n' '_' | sed -E 's/^[^a-z]+//' | cut -c1-40)
name=${chosen:-${name:-folder}}
if [ -z "$query" ] && [ "$folder" = "$PWD/examples/inbox" ]; then
    query="a spider web reflects the sound"
fi

"$dataq" sources add "$name" --plugin file_scanner --config root="$folder" --exist-ok
"$dataq" run "$name"
if [ -z "$query" ]; then
    # Any folder has a longest text with a title; looking for it shows what a hit says.
    query=$("$dataq" sql --format plain "
        SELECT title FROM texts JOIN assets ON assets.id = asset_id
        WHERE source = '$name' AND length(title) > 3 ORDER BY length(text) DESC, title LIMIT 1")
fi
[ -n "$query" ] || exit 0

echo
echo "\$ dataq search ${query@Q} -k 3 --source $name"
"$dataq" search -k 3 --source "$name" -- "$query"
echo
echo "Next: export DATAQ_HOME=$DATAQ_HOME; $dataq search WORDS; $dataq show ID; make dev"
