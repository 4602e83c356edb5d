"""Opens the layers of a dump on the disk, outermost first, until one of pg_dump's formats is left."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from basewatch.component_settings import DumpLayer
from basewatch.components import DumpBackups
from basewatch.postgres.server_account import ServerAccount
from basewatch.restore_settings import SECRET_FILE, OpeningCommand
from basewatch.secrets import Reference, Secret
from checks.backup.dump_content import recognise
from checks.backup.dump_streams import DAMAGED, DECOMPRESSORS, HEAD_BYTES
from workflows.restoring.budget import Budget, RestoreFailedError, RestoreUntriedError
from workflows.restoring.programs import Program, run

_FORMATS = ("custom", "tar", "plain", "directory")
_MAX_LAYERS = 8
_CHUNK = 1 << 20
_LONGEST_MESSAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedDump:
    """A dump that PostgreSQL's programs can read, its innermost format, and all its layers, outermost first."""

    path: Path
    format: DumpLayer
    layers: tuple[DumpLayer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opener:
    """Opens the layers of the dumps of one component; `secret` resolves a reference."""

    dumps: DumpBackups
    folder: Path
    budget: Budget
    secret: Callable[[Reference], Secret]

    def opened(self, fetched: Path) -> OpenedDump:
        """The dump without its layers; each is removed from the disk once it is open.

        Raises: RestoreFailedError, when a layer is damaged; RestoreUntriedError, when no way to open it is declared.
        """
        if fetched.is_dir():
            return OpenedDump(path=fetched, format="directory", layers=("directory",))
        declared = list(reversed(self.dumps.format))
        layers, path = list[DumpLayer](), fetched
        for number in range(_MAX_LAYERS):
            layer = self._layer(path, declared[number] if number < len(declared) else None, opened=number > 0)
            layers.append(layer)
            if layer in _FORMATS:
                return self._unpacked(path, layers)
            inside = self.folder / f"layer-{number}"
            self._open(layer, path, inside)
            path.unlink()
            path = inside
        raise RestoreFailedError(f"it has more than {_MAX_LAYERS} layers: {', '.join(layers)}")

    def _layer(self, path: Path, declared: DumpLayer | None, *, opened: bool) -> DumpLayer:
        with path.open("rb") as file:
            content = recognise(file.read(HEAD_BYTES), path.stat().st_size)
        if content.broken:
            raise RestoreFailedError(f"it {content.broken}")
        if content.other:
            raise RestoreUntriedError(
                f"it is {content.other}, which a drill does not restore",
                "declare a `prefix` or a `pattern` that selects dumps of one database",
            )
        if content.layers:
            return content.layers[0]
        if declared is None and not opened:
            raise RestoreUntriedError(
                "its first bytes are those of no format that is known",
                "declare its layers as `format`, and how to open them as restore_drill.commands",
            )
        if declared is None or declared in _FORMATS:
            raise RestoreFailedError("what is inside is none of pg_dump's formats, and no envelope that is known")
        return declared

    def _open(self, layer: DumpLayer, path: Path, inside: Path) -> None:
        drill = self.dumps.restore_drill
        command = drill.commands.get(layer) if drill else None
        if command is not None:
            self._by_command(layer, command, path, inside)
        elif layer in DECOMPRESSORS:
            with path.open("rb") as file:
                self._copy(layer, lambda: DECOMPRESSORS[layer](file), inside)
        elif layer == "zip":
            self._open_zip(path, inside)
        else:
            raise RestoreUntriedError(
                f"its layer {layer} can only be opened by a program",
                f"declare restore_drill.commands.{layer} with the program and its secret: see docs/restore-drill.md",
            )

    def _open_zip(self, path: Path, inside: Path) -> None:
        try:
            with zipfile.ZipFile(path) as archive:
                names = [each for each in archive.infolist() if not each.is_dir()]
                if len(names) != 1:
                    raise RestoreFailedError(f"its zip archive has {len(names)} files, and a dump is one")
                self._copy("zip", lambda: archive.open(names[0]), inside)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            raise RestoreFailedError(f"its layer zip cannot be opened: {error}") from error

    def _copy(self, layer: DumpLayer, opener: Callable[[], Any], inside: Path) -> None:
        written = 0
        try:
            source = opener()
            with inside.open("wb") as target:
                while chunk := source.read1(_CHUNK):
                    target.write(chunk)
                    written += len(chunk)
                    self.budget.check(self.folder, written)
        except DAMAGED as error:
            raise RestoreFailedError(f"its layer {layer} is damaged after {written} bytes: {error}") from error

    def _by_command(self, layer: DumpLayer, command: OpeningCommand, path: Path, inside: Path) -> None:
        value = self.secret(command.secret).reveal() if command.secret else ""
        file = self.folder / "secret"
        try:
            if command.secret:
                file.touch(mode=0o600)
                file.write_text(f"{value}\n", encoding="utf-8")
                ServerAccount.choose().take_ownership(file)
            arguments = tuple(each.replace(SECRET_FILE, str(file)) for each in command.run)
            program = Program(arguments=arguments, folder=self.folder, environment={}, source=path)
            with inside.open("wb") as output:
                ended = run(program, self.budget, output=output)
        finally:
            file.unlink(missing_ok=True)
        if ended.status:
            said = " ".join((ended.messages.replace(value, "…") if value else ended.messages).split())
            raise RestoreFailedError(
                f"its layer {layer} could not be opened: {command.run[0]} ended with status {ended.status}: "
                f"{said[:_LONGEST_MESSAGE]}"
            )

    def _unpacked(self, path: Path, layers: list[DumpLayer]) -> OpenedDump:
        """The dump, and one that is a folder in a tar archive unpacked."""
        if layers[-1] != "tar" or _is_pg_dumps(path):
            return OpenedDump(path=path, format=layers[-1], layers=tuple(layers))
        target = self.folder / "unpacked"
        target.mkdir(mode=0o755)
        written = 0
        try:
            with tarfile.open(path, "r:") as archive:
                for member in archive:
                    if not member.isfile():
                        continue
                    source, name = archive.extractfile(member), Path(member.name).name
                    if source is None:
                        continue
                    with source, (target / name).open("xb") as file:
                        written = self._written(source, file, written)
        except (tarfile.TarError, OSError) as error:
            raise RestoreFailedError(f"its tar archive is damaged: {error}") from error
        path.unlink()
        return OpenedDump(path=target, format="directory", layers=(*layers, "directory"))

    def _written(self, source: Any, target: BinaryIO, written: int) -> int:
        while chunk := source.read(_CHUNK):
            target.write(chunk)
            written += len(chunk)
            self.budget.check(self.folder, written)
        return written


def _is_pg_dumps(path: Path) -> bool:
    """Whether a tar archive is one of `pg_dump --format=tar`, which ends with a script, and not a packed folder.

    Raises: RestoreFailedError, when it is cut off: pg_restore would read its end for ever.
    """
    try:
        with tarfile.open(path, "r:") as archive:
            return "restore.sql" in archive.getnames()
    except (tarfile.TarError, OSError) as error:
        raise RestoreFailedError(f"its tar archive is damaged: {error}") from error
