#!/usr/bin/env bash
# Alerts of Azure Monitor: for every execution of the job that ends with a code other than 0, and a
# dead man's switch for a day without one that ends with 0.
# usage: RESOURCE_GROUP=... WORKSPACE_ID=/subscriptions/... ACTION_GROUP_ID=/subscriptions/... bash alert.sh
set -euo pipefail
: "${RESOURCE_GROUP:?the resource group of the job}"
: "${WORKSPACE_ID:?the resource id of the Log Analytics workspace of the environment}"
: "${ACTION_GROUP_ID:?the resource id of the action group that tells people}"

# alert NAME DESCRIPTION CONDITION QUERY WINDOW
alert() {
    az monitor scheduled-query create \
        --name "$1" --resource-group "$RESOURCE_GROUP" --scopes "$WORKSPACE_ID" \
        --description "$2" --condition "$3" --condition-query "found=$4" \
        --evaluation-frequency 1h --window-size "$5" --severity 2 \
        --action-groups "$ACTION_GROUP_ID"
}

# `Container 'NAME' was terminated with exit code 'N'`: also of the one that renews the tags first,
# which succeeds where the rules do not.
ended="ContainerAppSystemLogs_CL | where JobName_s == 'pathproof-rules' and Log_s has 'exit code'"
alert pathproof-rules-failed \
    'The daily job for the rule of Azure Relay failed: 1 violated, 2 could not work, 3 unknown, 4 a guard refused the write' \
    "count 'found' > 0" "$ended and Log_s !has \"exit code '0'\"" 1h
alert pathproof-rules-not-done \
    'The daily job for the rule of Azure Relay did not succeed for over a day' \
    "count 'found' < 1" "$ended and Log_s has \"Container 'pathproof' was terminated with exit code '0'\" and TimeGenerated > ago(26h)" 2d
