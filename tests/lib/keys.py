"""Keys for tests: made by the daemon's own --new-key, and the headers that show them.

Knows the command line and the file; refuses to know what a key may do. Surprising: nothing.
"""
import base64
import subprocess


def new_key(binary, name, scopes, file=None):
    """The text of a new key; its line goes to the end of file, where one is named."""
    command = [binary, "--new-key", name, "--scopes", scopes] + (["--api-keys", file] if file else [])
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return done.stdout.splitlines()[0]


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def token(key):
    return {"Authorization": f"Token {key}"}


def basic(key, user="anybody"):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{key}".encode()).decode()}
