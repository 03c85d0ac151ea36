#!/usr/bin/env bash
# Alerts of Azure Monitor for hosts whose Application log a data collection rule of the Azure Monitor
# Agent sends to a workspace: for a failure, and a dead man's switch for each host that reported a
# success within two days and none within 26 hours.
# usage: RESOURCE_GROUP=... WORKSPACE_ID=/subscriptions/... ACTION_GROUP_ID=/subscriptions/... bash alert.sh
set -euo pipefail
: "${RESOURCE_GROUP:?where the alerts are made}"
: "${WORKSPACE_ID:?the resource id of the Log Analytics workspace}"
: "${ACTION_GROUP_ID:?the resource id of the action group that tells people}"

# alert NAME DESCRIPTION QUERY WINDOW
alert() {
    az monitor scheduled-query create \
        --name "$1" --resource-group "$RESOURCE_GROUP" --scopes "$WORKSPACE_ID" \
        --description "$2" --condition "count 'found' > 0" --condition-query "found=$3" \
        --evaluation-frequency 1h --window-size "$4" --severity 2 \
        --action-groups "$ACTION_GROUP_ID"
}

ours="Event | where EventLog == 'Application' and Source == 'pathproof'"
alert pathproof-windows-failed \
    'The daily task for the rule of Azure Relay failed: events 100 and 102 say why' \
    "$ours and EventID in (100, 102)" 1h
# 103 is the registration: a task that never succeeded counts from then on.
alert pathproof-windows-not-done \
    'The daily task for the rule of Azure Relay did not succeed for over a day' \
    "$ours and EventID in (101, 103) | summarize last = max(TimeGenerated) by Computer | where last < ago(26h)" 2d
