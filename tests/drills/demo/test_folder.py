"""The folder of a demo: its own while it lives, removed by the next one when it was killed."""

from pathlib import Path

import pytest

from drills.demo.folder import PREFIX, own_folder


def left_behind(tmp_path: Path) -> Path:
    """Make what a killed demo leaves."""
    folder = tmp_path / f"{PREFIX}killed"
    (folder / "config").mkdir(parents=True)
    (folder / "config" / "people.yaml").write_text("people: []\n")
    return folder


def test_a_folder_is_gone_when_its_demo_is_over(tmp_path: Path) -> None:
    """A newcomer who looks once must not have to tidy up."""
    with own_folder(tmp_path) as folder:
        (folder / "log").write_text("x")

    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_demo_left_is_removed_by_the_next(tmp_path: Path) -> None:
    """Nobody else would ever do it: the demo itself had no time."""
    left = left_behind(tmp_path)

    with own_folder(tmp_path) as folder:
        assert not left.exists()
        assert folder.exists()


def test_the_folder_of_another_demo_that_runs_is_left(tmp_path: Path) -> None:
    """Two people may look at the same time, on the same machine."""
    with own_folder(tmp_path) as first:
        (first / "triaged.db").write_text("x")
        with own_folder(tmp_path) as second:
            assert {first, second} == set(tmp_path.iterdir())


def test_a_folder_that_was_made_just_now_is_left(tmp_path: Path) -> None:
    """Between its making and its lock it belongs to somebody already."""
    empty = tmp_path / f"{PREFIX}new"
    empty.mkdir()

    with own_folder(tmp_path):
        assert empty.exists()


def test_a_link_in_the_place_of_a_folder_is_not_followed(tmp_path: Path) -> None:
    """Everybody may write there: a link must not make us remove what it points to."""
    treasure = tmp_path / "treasure"
    treasure.mkdir()
    (treasure / "thesis").write_text("x")
    (tmp_path / f"{PREFIX}trap").symlink_to(treasure)

    with own_folder(tmp_path):
        pass

    assert (treasure / "thesis").exists()


def test_a_place_without_room_is_an_error_of_its_own(tmp_path: Path) -> None:
    """The demo says it in a sentence of its own."""
    with pytest.raises(FileNotFoundError), own_folder(tmp_path / "gone"):
        pass
