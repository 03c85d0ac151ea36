// Rules that are resources of their own, in a group whose own template has no securityRules: those
// would delete these at each deployment.
//
// Deployed as a stack, so that a rule that is no longer in the file is deleted; an ordinary
// deployment leaves it in the group (docs/gitops.md).

@description('The group that the rules are of')
param networkSecurityGroupName string = 'nsg-shir'

@description('What pathproof rules plan --format bicep-params writes')
param pathproofRules array

resource group 'Microsoft.Network/networkSecurityGroups@2024-01-01' existing = {
  name: networkSecurityGroupName
}

// One after another: Azure refuses changes of one group at the same time.
@batchSize(1)
resource rules 'Microsoft.Network/networkSecurityGroups/securityRules@2024-01-01' = [
  for rule in pathproofRules: {
    parent: group
    name: rule.name
    properties: rule.properties
  }
]
