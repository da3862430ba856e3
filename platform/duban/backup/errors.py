"""Why a backup or a restore was not done. The messages are for the operator's terminal."""


class BackupError(Exception):
    """It was not done; the message says what to do."""


class RestoreRefusedError(BackupError):
    """Nothing was touched."""
