"""`sealedfiles keygen`."""

from __future__ import annotations

from pathlib import Path

from sealedfiles import age
from sealedfiles.app.key_output import write_key
from sealedfiles.cli import declaration
from sealedfiles.cli.completers import complete_group
from sealedfiles.cli.exclusive import exclusive
from sealedfiles.cli.files import classic_option, identity_option, output_option, print_value
from sealedfiles.cli.prompts import TERMINAL
from sealedfiles.errors import UsageError
from sealedfiles.keys.identity.generate import Kept, keep_identity
from sealedfiles.keys.recipients import describe_key
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
    shell_complete=complete_group,
    multiple=True,
    help="With --deploy: the group to grant access to.",
)
@declaration.option(
    "--kms",
    metavar="URI",
    help="With --deploy: store the key, encrypted with this key of a KMS.",
)
@identity_option
def command(
    output: str | None,
    classic: bool,
    deploy: str | None,
    groups: tuple[str, ...],
    kms: str | None,
    identity: str | None,
) -> int:
    """Generate an identity and print its public key.

    The private key is stored in the keyring of your operating system; if there is no keyring, in your
    identities file; with -o, in FILE, readable only by you.  The public key is printed to stdout: others
    need it to grant you access.

    With --deploy, the new key is for a machine: it is granted access to the groups, and the private key is
    printed to stdout, once, for the secret store of your CI system.  With --kms, a key management service
    encrypts it, and the result is staged: the machine needs access to the service, and no secret.  URI is
    aws-kms://KEY?region=REGION, vault-transit://MOUNT/KEY, gpg://FINGERPRINT, gcp-kms://… or azure-kv://….
    The value of SEALEDFILES_KMS for the machine is printed to stdout.

    \b
    Examples:
      sealedfiles keygen
      sealedfiles keygen --deploy ci --to production | gh secret set SEALEDFILES_KEY
      sealedfiles keygen --deploy ci --to production --kms vault-transit://transit/ci
    """
    if deploy is not None:
        return _deploy(deploy, groups, output, classic, identity, kms)
    if groups or identity or kms:
        raise UsageError("--to, --kms and --identity need --deploy NAME")
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
    name: str,
    groups: tuple[str, ...],
    output: str | None,
    classic: bool,
    identity: str | None,
    kms: str | None,
) -> int:
    from sealedfiles.app.access.machines import add_machine, add_machine_in_kms
    from sealedfiles.app.workspace import ReadOptions, workspace_at
    from sealedfiles.remote.kms.uri import parse_uri

    if not groups:
        raise UsageError("no group was given", f"keygen --deploy {name} --to GROUP")
    if output:
        raise UsageError("--deploy prints the key, so it takes no --output")
    uri = parse_uri(kms) if kms else None
    workspace = workspace_at(Path.cwd(), ReadOptions(identity))
    commit = "commit and push the staged changes: until then, the key decrypts nothing"
    next_step = [commit] if workspace.clone else []
    if uri:
        held = add_machine_in_kms(workspace, name, groups, uri, TERMINAL, classic=classic)
        show(str(held))
        say(
            f"the private key of {name} is encrypted in .sealedfiles/{held.file}, and is stored nowhere else",
            f"set this value, which is not secret, in the job: SEALEDFILES_KMS='{held}'",
            f"let the job, and nobody else, decrypt with this key ({uri.scheme}); see docs/kms.md",
            *next_step,
        )
        return 0
    new = add_machine(workspace, name, groups, TERMINAL, classic=classic)
    print_value(new.text, newline=True)
    say(
        f"the private key of {name} was printed, and is not stored; "
        f"fingerprint {describe_key(new.recipient)}",
        "add it to the secret store of the machine, as the variable SEALEDFILES_KEY",
        *next_step,
    )
    return 0
