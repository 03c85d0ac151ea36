#!/usr/bin/env bash
# An Azure Monitor alert for every execution of the job that ends with a code other than 0.
# usage: RESOURCE_GROUP=... WORKSPACE_ID=/subscriptions/... ACTION_GROUP_ID=/subscriptions/... bash alert.sh
set -euo pipefail
: "${RESOURCE_GROUP:?the resource group of the job}"
: "${WORKSPACE_ID:?the resource id of the environment\'s Log Analytics workspace}"
: "${ACTION_GROUP_ID:?the resource id of the action group that tells people}"

az monitor scheduled-query create \
  --name pathproof-rules-failed --resource-group "$RESOURCE_GROUP" --scopes "$WORKSPACE_ID" \
  --description 'The daily job for the rule of Azure Relay failed: 1 violated, 2 could not work, 3 unknown, 4 a guard refused the write' \
  --condition "count 'failed' > 0" \
  --condition-query failed="ContainerAppSystemLogs_CL | where JobName_s == 'pathproof-rules' and Log_s has 'exit code' and Log_s !has \"exit code '0'\"" \
  --evaluation-frequency 1h --window-size 1h --severity 2 \
  --action-groups "$ACTION_GROUP_ID"
