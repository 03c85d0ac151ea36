# Registers the daily task and its alert. Run as an administrator, with pathproof.exe in
# C:\Program Files\pathproof:
#
#   .\register.ps1 -Nsg /subscriptions/.../networkSecurityGroups/... -ServiceUrls .\service-urls.json -Job shir-1
#Requires -RunAsAdministrator
param(
    [Parameter(Mandatory = $true)]
    [ValidatePattern('^/subscriptions/[^/\s"]+/resourceGroups/[^/\s"]+/providers/Microsoft\.Network/networkSecurityGroups/[^/\s"]+$')]
    [string] $Nsg,
    [Parameter(Mandatory = $true)] [string] $ServiceUrls,
    # This runtime's name, in the rule's description.
    [Parameter(Mandatory = $true)] [ValidatePattern('^[A-Za-z0-9_.-]{1,24}$')] [string] $Job
)
$ErrorActionPreference = 'Stop'

# The ledger and the rollback files: for the task's account and administrators alone.
$folder = Join-Path $env:ProgramData 'pathproof'
$null = New-Item -ItemType Directory -Force -Path $folder
& icacls.exe $folder /inheritance:r /grant:r '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-544:(OI)(CI)F' '*S-1-5-19:(OI)(CI)M'
if ($LASTEXITCODE -ne 0) { throw "icacls ended with $LASTEXITCODE" }
Copy-Item -Path $ServiceUrls -Destination (Join-Path $folder 'service-urls.json')

# Events of the scheduler are what starts the alert, and are off where nobody asked for history.
& wevtutil.exe set-log Microsoft-Windows-TaskScheduler/Operational /enabled:true
if ($LASTEXITCODE -ne 0) { throw "wevtutil ended with $LASTEXITCODE" }

[xml] $rules = Get-Content -Raw -Path (Join-Path $PSScriptRoot 'pathproof-rules.xml')
$exec = $rules.Task.Actions.Exec
$exec.Arguments = $exec.Arguments -replace '--nsg \S+', "--nsg $Nsg" -replace '--job \S+', "--job $Job"
Register-ScheduledTask -TaskPath '\pathproof\' -TaskName 'rules' -Xml $rules.OuterXml -Force | Out-Null

[xml] $alert = Get-Content -Raw -Path (Join-Path $PSScriptRoot 'pathproof-alert.xml')
Register-ScheduledTask -TaskPath '\pathproof\' -TaskName 'alert' -Xml $alert.OuterXml -Force | Out-Null
