# The day's work, started by the scheduler (pathproof-rules.xml): the tags first, then the rule. What
# both say goes to log\rules-DATE.log, of which 30 stay, and its end to the Application log: id 101
# where all is well, 102 where it is not. The result is that of the rules.
param(
    [Parameter(Mandatory = $true)] [string] $Nsg,
    [Parameter(Mandatory = $true)] [string] $Runtime,
    [Parameter(Mandatory = $true)] [string] $Subscription,
    [Parameter(Mandatory = $true)] [string] $Job
)
$program = 'C:\Program Files\pathproof\pathproof.exe'
$folder = 'C:\ProgramData\pathproof'
$logs = Join-Path $folder 'log'
$null = New-Item -ItemType Directory -Force -Path $logs
$log = Join-Path $logs ('rules-{0:yyyyMMdd}.log' -f (Get-Date))

# Neither an id nor a job has a space in it (register.ps1 looks).
function Invoke-Pathproof([string] $line) {
    $line = $line.Replace('{nsg}', $Nsg).Replace('{runtime}', $Runtime)
    $line = $line.Replace('{subscription}', $Subscription).Replace('{job}', $Job)
    $said = @("$env:TEMP\pathproof-out.txt", "$env:TEMP\pathproof-err.txt")
    $started = Start-Process -FilePath $program -ArgumentList $line -WorkingDirectory $folder `
        -NoNewWindow -Wait -PassThru -RedirectStandardOutput $said[0] -RedirectStandardError $said[1]
    $text = @("$(Get-Date -Format o) pathproof $line") + @(Get-Content -Encoding UTF8 -Path $said)
    Add-Content -Encoding UTF8 -Path $log -Value ($text + "ended with $($started.ExitCode)")
    return $started.ExitCode
}

$null = Invoke-Pathproof 'tags update --subscription {subscription} --output C:\ProgramData\pathproof\tags.json --max-age 30d'
$code = Invoke-Pathproof 'rules apply --yes --nsg {nsg} --job {job} --runtime {runtime} --last-answer C:\ProgramData\pathproof\last-answer.json --service-tags C:\ProgramData\pathproof\tags.json --max-tags-age 30d --ledger C:\ProgramData\pathproof\ledger.db'

$end = (Get-Content -Encoding UTF8 -Tail 40 -Path $log) -join "`r`n"
# The event log takes 31,839 characters.
$end = $end.Substring([Math]::Max(0, $end.Length - 20000))
$entry = if ($code -eq 0) { 'Information', 101 } else { 'Error', 102 }
Write-EventLog -LogName Application -Source pathproof -EntryType $entry[0] -EventId $entry[1] -Message $end

Get-ChildItem -Path $logs -Filter 'rules-*.log' | Sort-Object -Property Name -Descending |
    Select-Object -Skip 30 | Remove-Item
exit $code
