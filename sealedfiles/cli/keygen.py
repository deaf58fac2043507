"""`sealedfiles keygen`."""

from __future__ import annotations

from pathlib import Path

from sealedfiles import age
from sealedfiles.app.key_output import write_key
from sealedfiles.cli import declaration
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.cli.files import classic_option, identity_option, output_option, print_value
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import UsageError
from sealedfiles.keys.identity.generate import Kept, keep_identity
from sealedfiles.keys.recipients import check_name, describe_key
from sealedfiles.util.messages import say, show


@declaration.command("keygen")
@output_option
@classic_option
@declaration.option(
    "--deploy",
    metavar="NAME",
    help="Generate a key for the machine NAME; print it, do not store it.",
)
@declaration.option(
    "--to",
    "groups",
    metavar="GROUP",
    multiple=True,
    help="With --deploy: the group to grant access to.",
)
@identity_option
def command(
    output: str | None,
    classic: bool,
    deploy: str | None,
    groups: tuple[str, ...],
    identity: str | None,
) -> int:
    """Generate an identity and print its public key.

    The private key is stored in the keyring of your operating system; if there is no keyring, in your
    identities file; with -o, in FILE, readable only by you.  The public key is printed to stdout: others
    need it to grant you access.

    With --deploy, the new key is for a machine: it is granted access to the groups, and the private key is
    printed to stdout, once, for the secret store of your CI system.

    \b
    Examples:
      sealedfiles keygen
      sealedfiles keygen --deploy ci --to production | gh secret set SEALEDFILES_KEY
    """
    if deploy is not None:
        return _deploy(deploy, groups, output, classic, identity)
    if groups or identity:
        raise UsageError("--to and --identity need --deploy NAME")
    new = age.generate_identity(post_quantum=not classic)
    assert new.recipient is not None  # noqa: S101 - a new key knows its public half
    if output:
        write_key(output, new)
    kept = Kept(output) if output else keep_identity(new)
    show(str(new.recipient))
    say(
        f"the private key is in {kept}; fingerprint {describe_key(new.recipient)}",
        "a reader grants you access with: sealedfiles grant NAME KEY --to GROUP",
    )
    return 0


@exclusive()
def _deploy(
    name: str, groups: tuple[str, ...], output: str | None, classic: bool, identity: str | None
) -> int:
    from sealedfiles.app.access.granting import grant_access
    from sealedfiles.app.workspace import ReadOptions, workspace_at
    from sealedfiles.keys.expected import expected_line
    from sealedfiles.keys.recipients import read_recipients

    if not groups:
        raise UsageError("no group was given", f"keygen --deploy {name} --to GROUP")
    if output:
        raise UsageError("--deploy prints the key, so it takes no --output")
    workspace = workspace_at(Path.cwd(), ReadOptions(identity))
    if read_recipients(workspace.folder, check_name(name)):
        raise UsageError(
            f"the reader {name} already exists",
            "use a new name for a new key, so that you can revoke the old one later",
        )
    new = age.generate_identity(post_quantum=not classic)
    assert new.recipient is not None  # noqa: S101 - a new key knows its public half
    grant_access(workspace, name, [new.recipient], groups, TERMINAL)
    # With the first keys, a clone without a record of keys can detect a replaced group.
    starts = [expected_line(group, workspace.ring.epochs(group)[1][0].key_id) for group in groups]
    text = "".join(f"# {line}\n" for line in starts)
    print_value(f"{text}{new.text}", newline=True)
    say(
        f"the private key of {name} was printed, and is not stored; "
        f"fingerprint {describe_key(new.recipient)}",
        "add it to the secret store of the machine, as the variable SEALEDFILES_KEY",
        *(
            ["commit and push the staged changes: until then, the key decrypts nothing"]
            * bool(workspace.clone)
        ),
    )
    return 0
