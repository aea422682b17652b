import lzma
from pathlib import Path

import pytest

from tests.training.french import write_package
from tui.training.sources import SourceError
from tui.training.texts.packages import package_files


def test_files_are_found_by_pattern_and_read_without_unpacking_others(tmp_path: Path) -> None:
    package = write_package(
        tmp_path / "it_1.0_all.deb", {"./a/one.txt": b"1", "./b/two.mo": b"22", "./c.mo": b""}
    )
    assert list(package_files(package, r"\.mo$")) == [("./b/two.mo", b"22"), ("./c.mo", b"")]
    assert list(package_files(package, "^nothing$")) == []
    assert sorted(file.name for file in tmp_path.iterdir()) == ["it_1.0_all.deb"]


def test_other_files_are_refused_in_words(tmp_path: Path) -> None:
    package = write_package(tmp_path / "it_1.0_all.deb", {"./a": b"1" * 5000})
    whole = package.read_bytes()
    package.write_bytes(whole.replace(lzma.compress(b"")[:6], b"nonono"))
    with pytest.raises(SourceError, match="can't be unpacked"):
        list(package_files(package, "a"))
    package.write_bytes(whole[:200])
    with pytest.raises(SourceError, match=r"it_1\.0_all\.deb"):
        list(package_files(package, "a"))
    package.write_bytes(b"!<arch>\n")
    with pytest.raises(SourceError, match=r"holds no data\.tar"):
        list(package_files(package, "a"))
    package.write_bytes(b"PK\x03\x04")
    with pytest.raises(SourceError, match="no Debian package"):
        list(package_files(package, "a"))
