#!/usr/bin/env bash
# The daily run of a pipeline, for a group that Terraform or Bicep owns: writes the rules as variables,
# and opens or renews a pull request where they change. Nothing is written to Azure.
#
# usage: FORMAT=tfvars-json FILE=pathproof.auto.tfvars.json NSG=... RUNTIME=... SUBSCRIPTION=... JOB=... STATE=DIR bash plan.sh
set -euo pipefail
: "${FORMAT:?tfvars-json or bicep-params}"
: "${FILE:?where the variables stand in the repository}"
: "${NSG:?the resource id of the group}" "${RUNTIME:?the resource id of the runtime}"
: "${SUBSCRIPTION:?where the service tags are asked}" "${JOB:?a name of the runtime}"
# The ledger, the tags and Azure's last answer: a folder that the pipeline keeps between runs.
: "${STATE:?a folder that stays}"

# Where they cannot be renewed the plan says whether those that are there are young enough (4).
pathproof tags update --subscription "$SUBSCRIPTION" --output "$STATE/tags.json" --max-age 30d ||
    echo "the service tags stay as they are" >&2
code=0
pathproof rules plan --nsg "$NSG" --runtime "$RUNTIME" --job "$JOB" \
    --last-answer "$STATE/last-answer.json" --service-tags "$STATE/tags.json" --max-tags-age 30d \
    --ledger "$STATE/ledger.db" --out "$STATE/plan.json" --format "$FORMAT" --output "$FILE" || code=$?
# 0: as it is. 1: changes, of which people are asked. Others fail the pipeline: 2 could not work,
# 4 a guard refuses, and the file is as it was.
[[ $code == 0 || $code == 1 ]] || exit "$code"

if [[ -z $(git status --porcelain -- "$FILE") ]]; then
    if [[ $code == 1 ]]; then
        # What was merged is not in force: it was not deployed, or a deployment left a rule, for which
        # the hint of `rules plan` above has the command.
        echo "the repository says it, and the group is not so: deploy it, and delete what a deployment left" >&2
        exit 1
    fi
    echo "the rules are as the repository says"
    exit 0
fi
branch=pathproof/$JOB
git switch --force-create "$branch"
git add -- "$FILE"
git commit --message "Rules for Azure Relay: $JOB"
git push --force origin "$branch"
# Whoever reviews it sees the addresses; the pipeline of the main branch applies it.
"${PULL_REQUEST:-echo}" "$branch"
