# Registers the daily task and its alert. Run as an administrator, with the archive of the release
# in C:\Program Files\pathproof, which only administrators may write:
#
#   .\register.ps1 -Nsg /subscriptions/.../networkSecurityGroups/... -Runtime /subscriptions/.../integrationRuntimes/... -Job shir-1
#Requires -RunAsAdministrator
param(
    [Parameter(Mandatory = $true)]
    [ValidatePattern('^/subscriptions/[^/\s"]+/resourceGroups/[^/\s"]+/providers/Microsoft\.Network/networkSecurityGroups/[^/\s"]+$')]
    [string] $Nsg,
    # The integration runtime, whose names are asked of Azure each day.
    [Parameter(Mandatory = $true)]
    [ValidatePattern('^/subscriptions/[^/\s"]+/resourceGroups/[^/\s"]+/providers/Microsoft\.(DataFactory/factories|Synapse/workspaces)/[^/\s"]+/integrationRuntimes/[^/\s"]+$')]
    [string] $Runtime,
    # This runtime's name, in the rule's description.
    [Parameter(Mandatory = $true)] [ValidatePattern('^[A-Za-z0-9_.-]{1,24}$')] [string] $Job,
    # Where the service tags are asked; default: the group's.
    [ValidatePattern('^[0-9A-Fa-f-]{36}$')] [string] $Subscription = $Nsg.Split('/')[2]
)
$ErrorActionPreference = 'Stop'

# The ledger, the tags, the logs and the rollback files: for the task's account and administrators
# alone.
$folder = Join-Path $env:ProgramData 'pathproof'
$null = New-Item -ItemType Directory -Force -Path $folder
& icacls.exe $folder /inheritance:r /grant:r '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-544:(OI)(CI)F' '*S-1-5-19:(OI)(CI)M'
if ($LASTEXITCODE -ne 0) { throw "icacls ended with $LASTEXITCODE" }

# Events of the scheduler are what starts the alert, and are off where nobody asked for history.
& wevtutil.exe set-log Microsoft-Windows-TaskScheduler/Operational /enabled:true
if ($LASTEXITCODE -ne 0) { throw "wevtutil ended with $LASTEXITCODE" }
# The task's account may write events of a source that is there, and may not make one. eventcreate
# makes it, since it writes to no other (pathproof-alert.xml).
& eventcreate.exe /T INFORMATION /ID 103 /L APPLICATION /SO pathproof /D 'The daily task of pathproof is registered.'
if ($LASTEXITCODE -ne 0) { throw "eventcreate ended with $LASTEXITCODE" }

[xml] $rules = Get-Content -Raw -Path (Join-Path $PSScriptRoot 'pathproof-rules.xml')
$exec = $rules.Task.Actions.Exec
$given = @{ Nsg = $Nsg; Runtime = $Runtime; Subscription = $Subscription; Job = $Job }
foreach ($name in $given.Keys) {
    $exec.Arguments = $exec.Arguments.Replace("-$name $($name.ToUpperInvariant())", "-$name $($given[$name])")
}
Register-ScheduledTask -TaskPath '\pathproof\' -TaskName 'rules' -Xml $rules.OuterXml -Force | Out-Null

[xml] $alert = Get-Content -Raw -Path (Join-Path $PSScriptRoot 'pathproof-alert.xml')
Register-ScheduledTask -TaskPath '\pathproof\' -TaskName 'alert' -Xml $alert.OuterXml -Force | Out-Null
