# python -m kakaobot, inside .venv: scripts\run.ps1 train, scripts\run.ps1 --help
# (Windows PowerShell 5 reads Korean only from a file with a byte order mark.)
$root = Split-Path -Parent $PSScriptRoot
$python = Get-Command py, python3, python -CommandType Application -ErrorAction SilentlyContinue |
    Where-Object { $_.Source -notlike '*\WindowsApps\*' } | Select-Object -First 1
if (-not $python) {
    [Console]::Error.WriteLine('Python이 없습니다. Python 3.10~3.13(64-bit)을 설치한 뒤 다시 실행하세요.')
    exit 127
}
& $python.Source (Join-Path $root 'launch.py') cli @args
exit $LASTEXITCODE
