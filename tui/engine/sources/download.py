"""`python -m tui.engine.sources.download ID`: the network side of a Hub checkpoint, a process of its own.

Being a process it can be stopped in the middle of a transfer, and the engine never waits for a socket. It
writes one JSON object a line: first `{"facts": …}`, then, when told `download` on stdin, any number of
`{"done": bytes, "total": bytes}` and at last `{"folder": path}`; or at any point `{"failure": …}`. The end of
stdin or SIGTERM stops it; huggingface_hub then removes the file that was under way, and keeps whole ones.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tui.engine import runtime
from tui.engine.errors import EngineError, failure_of
from tui.engine.sources import files, hub_cache, instead, vocabularies

_REPORT_SECONDS = 0.1
_CHUNK_BYTES = 256 * 1024
_CANT_BE_KEPT = frozenset({
    errno.EACCES, errno.EDQUOT, errno.EEXIST, errno.EFBIG, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG,
    errno.ENOENT, errno.ENOTDIR, errno.EPERM, errno.EROFS,
})  # fmt: skip
"""Why the disk takes no file, but for a full one."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Look a checkpoint up on the Hub, and download it when told to."""
    parser = argparse.ArgumentParser()
    parser.add_argument("repository")
    parser.add_argument("--revision")
    options = parser.parse_args(arguments)
    runtime.leave_torch_out()  # only what tokenizers are made of is asked of transformers
    lines = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    signal.signal(signal.SIGTERM, _stop)
    wanted = threading.Event()
    threading.Thread(target=_listen, args=(wanted,), daemon=True).start()

    def say(message: dict[str, object]) -> None:
        lines.write(json.dumps(message) + "\n")

    try:
        commit, sizes, facts = _look_up(options.repository, options.revision)
        say({"facts": facts})
        wanted.wait()
        _fetch(options.repository, commit, sizes, say)
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - the other process tells it and logs it
        failure = failure_of(_explained(error, options.repository, options.revision))
        say({"failure": {"title": failure.title, "detail": failure.detail, "hint": failure.hint}})
        return 1
    return 0


def _listen(wanted: threading.Event) -> None:
    """Wait for `download`; when the other side is gone, stop as SIGTERM does."""
    for line in sys.stdin:
        if line.strip() == "download":
            wanted.set()
    os.kill(os.getpid(), signal.SIGTERM)


def _stop(number: int, frame: object) -> None:
    del number, frame
    raise SystemExit(1)


def _look_up(repository: str, revision: str | None) -> tuple[str, dict[str, int], dict[str, object]]:
    """Commit, sizes in bytes of the files to fetch, and the facts known without them."""
    from huggingface_hub import HfApi, hf_hub_download

    info = HfApi().model_info(repository, revision=revision, files_metadata=True)
    present = {entry.rfilename: entry.size or 0 for entry in info.siblings or ()}
    if files.CONFIG not in present:
        other = instead.of_names(present)
        raise EngineError(
            "Not a transformers checkpoint",
            f"The repository {repository} has no {files.CONFIG}{f', only {other.what}' if other else ''}.",
            other.hint
            if other
            else "Choose a repository with config.json, weights in safetensors and a tokenizer.",
        )
    known = vocabularies.KNOWN
    taken = files.needed(tuple(present), known)
    if any(vocabularies.may_be_read(name) for name in present.keys() - set(taken)):
        known = vocabularies.of_classes()  # which takes seconds, and most repositories have no such file
        taken = files.needed(tuple(present), known)
    sizes = {name: present[name] for name in taken}
    # asked for by its branch once, so that the cache learns which commit the branch is at
    config_file = Path(hf_hub_download(repository, files.CONFIG, revision=revision))
    commit = config_file.parent.name
    tokenizer_config: dict[str, Any] = {}
    if files.TOKENIZER_CONFIG in present:
        hf_hub_download(repository, files.TOKENIZER_CONFIG, revision=commit)
        tokenizer_config = files.tokenizer_config(config_file.parent)
    config = files.read_config(config_file.parent)
    stored = dict(info.safetensors.parameters) if info.safetensors is not None else {}
    facts: dict[str, object] = {
        "config": config,
        "model_max_length": tokenizer_config.get("model_max_length"),
        "size_bytes": sum(size for name, size in sizes.items() if files.holds_weights(name)),
        "parameters": stored,
        "license": info.card_data.get("license") if info.card_data is not None else None,
        "has_tokenizer": vocabularies.name_a_tokenizer(present, tokenizer_config, config, known),
        "has_weights": any(files.holds_weights(name) for name in sizes),
        "instead": instead.of_names(present),
        "remark": instead.adapter_beside(present),
    }
    return commit, sizes, facts


def _fetch(
    repository: str, commit: str, sizes: dict[str, int], say: Callable[[dict[str, object]], None]
) -> None:
    """Download what is not cached yet, reporting bytes."""
    from huggingface_hub import constants, hf_hub_download

    constants.DOWNLOAD_CHUNK_SIZE = _CHUNK_BYTES  # 10 MB otherwise, which hides all progress on a slow line
    total, finished = sum(sizes.values()), 0
    over = threading.Event()
    blobs = hub_cache.folder_of(repository) / "blobs"

    def report() -> None:
        most = 0
        while not over.wait(_REPORT_SECONDS):
            # a file that was just finished is for a moment neither under way nor counted
            most = max(most, min(total, finished + _under_way(blobs, before)))
            say({"done": most, "total": total})

    before = _incomplete(blobs)
    reporter = threading.Thread(target=report, daemon=True)
    reporter.start()
    folder = ""
    try:
        for name, size in sizes.items():
            file = Path(hf_hub_download(repository, name, revision=commit))
            folder = str(file.parent) if name == files.CONFIG else folder
            finished += size
    finally:
        over.set()
        reporter.join()
    say({"done": total, "total": total})
    say({"folder": folder})


def _incomplete(blobs: Path) -> dict[str, int]:
    """Bytes of each file that is not whole yet."""
    found = {}
    for file in blobs.glob("*.incomplete"):
        with contextlib.suppress(OSError):
            found[file.name] = file.stat().st_size
    return found


def _under_way(blobs: Path, before: dict[str, int]) -> int:
    """Bytes of the file being written now; remains of other downloads, which don't grow, don't count."""
    return sum(size for name, size in _incomplete(blobs).items() if size != before.get(name))


def _explained(error: BaseException, repository: str, revision: str | None) -> BaseException:
    """The reasons a download fails for, told apart; anything else as it came."""
    from huggingface_hub import constants, errors

    where = f"revision {revision} of {repository}" if revision else repository
    chain: list[BaseException] = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and len(chain) < 8:
        chain.append(cause)
    for link in chain:
        match link:
            case EngineError():
                return link
            case errors.GatedRepoError():
                return EngineError(
                    "This checkpoint is gated",
                    f"{repository} is given only to people who accepted its terms.",
                    f"Accept them at {constants.ENDPOINT}/{repository}, then run: hf auth login",
                )
            case errors.RevisionNotFoundError():
                return EngineError(
                    "No such revision",
                    f"{repository} has no branch, tag or commit “{revision}”.",
                    "Leave the revision away to take the default branch.",
                )
            case errors.RepositoryNotFoundError():
                return EngineError(
                    "No such checkpoint on the Hub",
                    f"{constants.ENDPOINT} knows no model “{repository}”, or it is private.",
                    "Check the spelling (owner/name); for a private one run: hf auth login",
                )
            case errors.OfflineModeIsEnabled():
                return EngineError(
                    "The Hub is switched off",
                    f"{where} is not in the cache, and HF_HUB_OFFLINE forbids the network.",
                    "Unset HF_HUB_OFFLINE, or choose a checkpoint that is on this machine.",
                )
            case errors.HfHubHTTPError() if link.response is not None:
                return EngineError(
                    "The Hub refused",
                    f"{constants.ENDPOINT} answered {link.response.status_code} for {where}.",
                    "Try again later; if it goes on, look at the Hub's status page.",
                )
            case OSError() if link.errno in _CANT_BE_KEPT:
                return EngineError(
                    "The Hub cache can't be written",
                    f"{link.strerror or link}: {link.filename or hub_cache.root()}.",
                    "Set HF_HOME to a folder that you can write to.",
                )
            case OSError() if link.errno is not None and not isinstance(link, ConnectionError):
                return link
    if any("TransportError" in kind.__name__ for link in chain for kind in type(link).__mro__):
        return EngineError(
            "No connection to the Hub",
            f"{constants.ENDPOINT} could not be reached: {str(chain[-1]) or type(chain[-1]).__name__}.",
            "Check the network (or HF_ENDPOINT); checkpoints on this machine work without it.",
        )
    return error


if __name__ == "__main__":
    sys.exit(main())
