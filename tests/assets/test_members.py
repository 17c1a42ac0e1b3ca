"""Containers are opened to the last member, within bounds, and what fails is held back."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from email.message import EmailMessage

import pytest

from dataq_analyzers.members import Limits
from dataq_assets.stages.unpacking import Outer, unpack
from dataq_lake.content import read_content
from dataq_lake.lake import Lake
from tests.assets.way import Way, gone, item


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(
                zipfile.ZipInfo(name.replace("__", "/").replace("_", ".")),
                data,
                zipfile.ZIP_DEFLATED,
            )
    return out.getvalue()


def tarred(name: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def mail(attachment: bytes, name: str = "a.zip") -> bytes:
    letter = EmailMessage()
    letter["Message-ID"], letter["From"], letter["Subject"] = "<1@x>", "ana@x", "the files"
    letter.set_content("here they are")
    letter.add_attachment(attachment, maintype="application", subtype="zip", filename=name)
    letter.set_boundary("==always the same==")
    return bytes(letter)


def outer(data: bytes, blobs: str, **limits: int) -> Outer:
    return Outer("application/zip", "a.zip", data, None, len(data), blobs, Limits(**limits))


INNER = zipped(deep_txt=b"at the bottom")


def test_members_have_paths_parents_and_bytes(way: Way, lake: Lake) -> None:
    letter = mail(zipped(a_txt=b"a", folder__inner_zip=INNER))
    way.observe(item("in/letter.eml", letter, 3, content_type="message/rfc822"))
    way.derive("gate", "assets")
    rows = {row["path"]: row for row in way.rows("assets")}
    top = "in/letter.eml"
    assert set(rows) == {
        top,
        f"{top}!/a.zip",
        f"{top}!/a.zip!/a.txt",
        f"{top}!/a.zip!/folder/inner.zip",
        f"{top}!/a.zip!/folder/inner.zip!/deep.txt",
    }
    deep = rows[f"{top}!/a.zip!/folder/inner.zip!/deep.txt"]
    assert deep["parent_id"] == rows[f"{top}!/a.zip!/folder/inner.zip"]["id"]
    assert (deep["depth"], deep["filename"], deep["mime_type"]) == (3, "deep.txt", "text/plain")
    assert {row["item_id"] for row in rows.values()} == {rows[top]["id"]}
    assert read_content(lake, deep["id"], verify=True) == b"at the bottom"
    assert way.broken_checks("accounting", "items_become_assets", "one_latest_version") == []


def test_tar_and_gzip_are_opened(way: Way) -> None:
    way.observe(
        item("a.tar.gz", tarred("in/tar.txt", b"in a tar")),
        item("note.txt.gz", gzip.compress(b"a note", mtime=0)),
    )
    way.derive("gate", "assets")
    paths = {row["path"] for row in way.rows("assets", depth=1)}
    assert "a.tar.gz!/in/tar.txt" in paths
    assert any(path.startswith("note.txt.gz!/") for path in paths)


def test_members_share_the_fate_of_their_container(way: Way) -> None:
    way.observe(item("a.zip", zipped(x_txt=b"one", y_txt=b"same"), 1))
    way.derive("gate", "assets")
    way.observe(item("a.zip", zipped(x_txt=b"two", y_txt=b"same"), 2))
    way.derive("gate", "assets")
    assert set(way.contents()) == {"a.zip", "a.zip!/x.txt", "a.zip!/y.txt"}
    ids = {row["id"]: row["path"] for row in way.rows("assets")}
    chains = [(ids[row["id"]], row["version"]) for row in way.rows("entities")]
    assert sorted(chains) == sorted(
        (path, version) for path in ("a.zip", "a.zip!/x.txt", "a.zip!/y.txt") for version in (1, 2)
    )
    way.observe(gone("a.zip", 3))
    way.derive("gate", "assets")
    assert way.contents() == {}


def test_a_member_is_a_duplicate_of_the_file_it_was_made_from(way: Way) -> None:
    way.observe(item("x.txt", b"the same"), item("z.zip", zipped(x_txt=b"the same")))
    way.derive("gate", "assets")
    rows = {row["path"]: row for row in way.rows("assets")}
    assert rows["z.zip!/x.txt"]["duplicate_of"] == rows["x.txt"]["id"]


def test_what_cannot_be_opened_is_held_back_and_the_rest_is_not(way: Way) -> None:
    damaged = bytearray(zipped(a_txt=b"a" * 999, b_txt=b"good"))
    damaged[36:40] = b"\xff" * 4
    way.observe(item("bad.zip", bytes(damaged)), item("good.zip", zipped(c_txt=b"c")))
    way.derive("gate", "assets")
    assert {row["path"] for row in way.rows("assets", depth=1)} == {
        "bad.zip!/b.txt",
        "good.zip!/c.txt",
    }
    (held,) = way.rows("quarantine", stage="assets")
    assert held["rule"] == "member"
    assert held["reason"].startswith("bad.zip!/a.txt: damaged")
    status = {row["path"]: row["processing_status"] for row in way.rows("assets", depth=0)}
    assert status == {"bad.zip": "partial", "good.zip": "stored"}
    assert way.broken_checks("accounting", "items_become_assets", "one_latest_version") == []
    assert way.derive("gate", "assets") == {}

    way.replay(stage="assets")
    way.derive("gate", "assets")
    (held,) = way.rows("quarantine", stage="assets")
    assert (held["state"], held["attempts"]) == ("open", 2)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"depth": 1}, "nested deeper than 1"),
        ({"members": 2}, "more than"),
        ({"total_bytes": 300}, "more than"),
    ],
)
def test_bounds_hold_for_the_whole_tree(
    tmp_path: object, limits: dict[str, int], reason: str
) -> None:
    tree = zipped(a_txt=b"a" * 100, in_zip=zipped(b_txt=b"b" * 100, c_txt=b"c" * 100))
    found = unpack(outer(tree, str(tmp_path), **limits))
    assert any(reason in problem for _, problem in found.problems)
    assert len(found.members) < 4


def test_small_containers_count_together(tmp_path: object) -> None:
    tree = zipped(**{f"x{n}_zip": zipped(noughts_bin=bytes(100_000)) for n in range(8)})
    limit = 250_000
    found = unpack(outer(tree, str(tmp_path), total_bytes=limit, ratio=10_000))
    assert 100_000 <= sum(member.size for member in found.members) <= limit
    assert found.problems


def test_a_bomb_stops_at_a_ratio_to_the_outer_file(tmp_path: object) -> None:
    bomb = zipped(**{f"x{n}_zip": zipped(zeros_bin=bytes(1 << 20)) for n in range(8)})
    found = unpack(outer(bomb, str(tmp_path), ratio=100, free_bytes=1 << 16))
    assert sum(member.size for member in found.members) <= 100 * len(bomb) + (1 << 16)
    assert found.problems


def test_large_members_go_to_the_blob_store(way: Way, lake: Lake) -> None:
    big = bytes(range(256)) * 2_000
    way.observe(item("a.zip", zipped(big_bin=big)))
    way.derive("gate", "assets")
    (row,) = way.rows("assets", depth=1)
    assert row["payload"] is None
    assert row["storage_path"] == f"blob:{row['file_hash']}"
    assert read_content(lake, row["id"], verify=True) == big
