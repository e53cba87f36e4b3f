"""A lesson: what the switches refuse, on the server, whatever the page shows."""

import base64
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from ui import app, text
from ui.compare.tab import CompareTab, Sent
from ui.examples.portraits import PICTURES
from ui.lesson import classroom
from ui.lesson import tab as lesson_tab
from ui.lesson.classroom import TRIES, Camera, Mode, WrongCodeError, new_code
from ui.lesson.tab import ROUNDS, LessonTab
from ui.live.tab import LiveTab
from ui.teach.tab import TeachTab
from zoo.inference.live_sessions import Viewers

CODE = "ABC234"
FRAME = "data:image/jpeg;base64," + base64.b64encode((PICTURES / "photo.jpg").read_bytes()).decode()


@pytest.fixture
def mode() -> Mode:
    return classroom.classroom(CODE)


# ---- the camera


def test_at_home_the_camera_is_on_and_nobody_can_turn_it_off():
    camera = Camera()
    with pytest.raises(WrongCodeError):
        camera.turn(False, "")
    assert camera.on


def test_only_the_teachers_code_turns_the_camera_on():
    camera = Camera(CODE)
    assert not camera.on
    for wrong in ("", "ABC235", CODE + "X", "é" * 9):
        with pytest.raises(WrongCodeError, match="terminal"):
            camera.turn(True, wrong)
        assert not camera.on
    camera.turn(True, " abc 234 ")
    assert camera.on
    camera.turn(False, CODE)
    assert not camera.on


def wrong_codes(camera: Camera, client: str) -> None:
    for _ in range(TRIES):
        with pytest.raises(WrongCodeError):
            camera.turn(True, "GUESS", client)


def test_after_some_wrong_codes_even_the_right_one_has_to_wait():
    now = [100.0]
    camera = Camera(CODE, lambda: now[0])
    wrong_codes(camera, "pupil")
    with pytest.raises(WrongCodeError, match="60 s"):
        camera.turn(True, CODE, "pupil")
    now[0] += 59.7
    with pytest.raises(WrongCodeError, match="again in 1 s"):  # never "in 0 s"
        camera.turn(True, CODE, "pupil")
    now[0] += 1.3
    camera.turn(True, CODE, "pupil")
    assert camera.on


def test_wrong_codes_of_pupils_do_not_keep_the_teacher_waiting():
    camera = Camera(CODE, lambda: 100.0)
    for pupil in range(3):
        wrong_codes(camera, f"pupil {pupil}")
    camera.turn(True, CODE, "teacher")
    assert camera.on


def test_the_camera_goes_off_at_once_and_without_a_code():
    camera = Camera(CODE, lambda: 100.0)
    camera.turn(True, CODE, "teacher")
    wrong_codes(camera, "pupil")
    camera.turn(False, client="pupil")
    assert not camera.on


def test_the_clients_whose_wrong_codes_are_counted_are_bounded(monkeypatch):
    monkeypatch.setattr(classroom, "MOST_CLIENTS", 4)
    lock = classroom.CodeLock(CODE, lambda: 100.0)
    for client in range(20):
        with pytest.raises(WrongCodeError, match="terminal"):
            lock.check("GUESS", str(client))
    assert len(lock._wrong) == 4


def test_codes_differ():
    assert len({new_code() for _ in range(50)}) == 50


def test_frames_are_refused_by_the_server_until_the_camera_is_on(service, mode, done):
    live, teach = LiveTab(service, Viewers(), mode), TeachTab(service, mode)
    sent = {"run": 1, "turn": 1, "image": FRAME, "models": ["cnn"], "labels": "7"}

    def live_says():
        return done(live.frame(sent, "pupil"))

    def teach_says(do):
        return teach.answer({"do": do, "image": FRAME, "at": 0, "burst": 0, "name": "light"}, "pupil")

    assert live_says() == {"run": 1, "turn": 1, "off": True, "words": text.CAMERA_OFF}
    assert teach_says("camera") == {"words": text.CAMERA_OFF}
    for do in ("frame", "trial"):
        assert teach_says(do) == {"words": text.CAMERA_OFF, "failed": True}
    mode.camera.turn(True, CODE)
    assert len(live_says()["faces"]) == 1
    assert teach_says("camera") == {"words": ""}
    assert len(teach_says("frame")["added"]) == 1
    mode.camera.turn(False)
    assert live_says()["off"]


def test_a_frame_that_was_under_way_when_the_camera_went_off_is_not_answered(service, mode, done, monkeypatch):
    live, teach = LiveTab(service, Viewers(), mode), TeachTab(service, mode)
    sent = {"run": 1, "turn": 1, "image": FRAME, "models": ["cnn"], "labels": "7"}
    find, look = service.find, live._look

    def then_off(work):
        def worked(*given, **options):
            found = work(*given, **options)
            mode.camera.turn(False)
            return found

        return worked

    monkeypatch.setattr(live, "_look", then_off(look))
    monkeypatch.setattr(service, "find", then_off(find))
    mode.camera.turn(True, CODE)
    assert done(live.frame(sent, "pupil")) == {"run": 1, "turn": 1, "off": True, "words": text.CAMERA_OFF}
    mode.camera.turn(True, CODE)
    answer = teach.answer({"do": "frame", "image": FRAME, "at": 0, "burst": 0}, "a pupil whose sample is late")
    assert answer == {"words": text.CAMERA_OFF, "failed": True}
    assert len(service.teach_sessions.known("a pupil whose sample is late").project) == 0


# ---- nothing with a face leaves


def test_a_project_is_not_handed_out(service, mode):
    answer = TeachTab(service, mode).answer({"do": "save"}, "pupil")
    assert answer == {"words": text.NO_FACES_OUT, "failed": True}
    assert "file" in TeachTab(service).answer({"do": "save"}, "pupil")


def test_what_compare_hands_out_holds_no_picture_and_no_files_name(service, mode, monkeypatch, tmp_path):
    folder = tmp_path / "uploads"
    folder.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    (folder / "Anna Schmidt.jpg").write_bytes((PICTURES / "photo.jpg").read_bytes())
    photo = {"path": str(folder / "Anna Schmidt.jpg")}
    record = json.dumps(CompareTab(service, mode).answer(photo, ["cnn"], "7"))
    assert "Anna" not in record and "base64" not in record and len(record) < 5000
    html, _ = CompareTab(service, mode).show(Sent(photo, ["cnn"], "7"), SimpleNamespace(session_hash="pupil"))
    assert "Anna" not in html


def test_a_lesson_has_no_clips_and_its_own_tab():
    titles = [title for title, _ in app.LESSON_TABS]
    assert titles == ["Lesson", "Compare", "Live", "Teach", "Zoo"]
    assert "Lesson" not in [title for title, _ in app.TABS]


def test_larger_type_only_in_a_lesson(mode):
    assert any(Path(path).name == "lesson.css" for path in app.launch_options(mode)["css_paths"])
    assert not any(Path(path).name == "lesson.css" for path in app.launch_options()["css_paths"])


# ---- you against the machines


def test_the_models_answers_come_after_a_label_only(service, mode):
    tab = LessonTab(service, mode)
    for wrong in (
        {},
        {"picture": ROUNDS[0]},
        {"picture": ROUNDS[0], "label": "bored"},
        {"picture": "../x", "label": "sad"},
    ):
        assert tab.reveal(wrong, "pupil") == {"words": text.LESSON["which"]}
    answer = tab.reveal({"picture": ROUNDS[0], "label": "sad"}, "pupil")
    assert answer["label"] == "sad" and set(answer["models"]) == set(service.default_models)
    assert answer["answers"].count("<article") == 2 and "Closest label:" in answer["answers"]


def test_every_round_has_one_face(service, mode):
    tab = LessonTab(service, mode)
    assert all(len(tab._compared(picture).faces) == 1 for picture in ROUNDS)
    assert not any("neutral" in face for face in map(str, lesson_tab._faces()))


def test_a_pupils_answer_stays_theirs_and_the_poll_keeps_the_first(service, mode):
    tab = LessonTab(service, mode)
    reveal = lambda label, session: tab.reveal({"picture": ROUNDS[0], "label": label, "voter": "page"}, session)
    first, again = reveal("sad", "pupil"), reveal("angry", "pupil")
    assert (first["label"], first["counted"]) == ("sad", True)
    assert (again["label"], again["counted"]) == ("angry", False)  # UX 4: shown and compared is this round's answer
    assert again["votes"] == {"sad": 1}
    assert reveal("fear", "after a reload")["votes"] == {"sad": 1}  # UX 5: a reload does not vote again


def test_a_page_is_told_the_votes_on_pictures_that_it_has_voted_on(service, mode, done):
    tab = LessonTab(service, mode)
    tab.reveal({"picture": ROUNDS[0], "label": "sad", "voter": "page"}, "pupil")
    tab.reveal({"picture": ROUNDS[1], "label": "sad", "voter": "another"}, "another")
    assert done(tab.votes({"voter": "page"}, "pupil")) == {"votes": {ROUNDS[0]: {"sad": 1}}}
    for value in ({"voter": "nobody"}, {}, None, "x"):
        assert done(tab.votes(value, "no pupil")) == {"votes": {}}


def test_only_the_teacher_sees_all_boards_and_starts_a_new_group(service, mode, done):
    tab = LessonTab(service, mode)
    tab.reveal({"picture": ROUNDS[0], "label": "sad"}, "pupil")
    for call in (tab.boards, tab.new_group):
        for value in (None, {}, {"code": "GUESS"}):
            assert set(done(call(value, "pupil"))) == {"words"}
    boards = done(tab.boards({"code": CODE}, "the teacher"))["boards"]
    assert list(boards) == list(ROUNDS) and boards[ROUNDS[0]]["votes"] == {"sad": 1}
    for name, said in boards[ROUNDS[1]]["models"].items():
        assert said["sure"] == (max(said["shares"].values()) >= service.cards_of("", "equal")[name].threshold)
        assert said["shares"][said["label"]] == max(said["shares"].values()) and len(said["shares"]) == 7
    assert done(tab.new_group({"code": CODE}, "the teacher"))["words"] == text.LESSON["group_done"]
    assert tab.poll.counts(ROUNDS[0]) == {}


def test_guesses_at_the_code_wait_wherever_they_are_sent(service, mode, done):
    tab = LessonTab(service, mode)
    for _ in range(TRIES):
        done(tab.boards({"code": "GUESS"}, "pupil"))
    for call in (tab.boards, tab.new_group, tab.camera):
        assert "Too many wrong codes" in done(call({"code": CODE, "on": True}, "pupil"))["words"]
    assert not mode.camera.on and "boards" in done(tab.boards({"code": CODE}, "the teacher"))


def test_the_teachers_switch_answers_whatever_comes(service, mode, done):
    tab = LessonTab(service, mode)
    ask = lambda value: done(tab.camera(value, "anyone"))
    assert ask(None) == {"on": False, "state": text.CAMERA_OFF, "words": ""}
    assert "not the teacher’s code" in ask({"on": True, "code": "x"})["words"]
    assert ask({"on": True, "code": CODE})["on"] and mode.camera.on
    for _ in range(TRIES + 1):
        ask({"on": True, "code": "x"})
    assert "Too many wrong codes" in ask({"on": True, "code": CODE})["words"] and mode.camera.on
    assert ask({"on": False}) == {"on": False, "state": text.CAMERA_OFF, "words": ""} and not mode.camera.on
    assert done(tab.camera({"on": True, "code": CODE}, "the teacher"))["on"]


def test_a_session_without_an_open_page_may_turn_the_camera_off_and_nothing_else(service, mode, done):
    tab = LessonTab(service, mode)
    mode.camera.turn(True, CODE)
    assert done(tab.camera_off({"on": False}, "nobody"))["on"] is False
    for code in (CODE, "GUESS"):
        assert done(tab.camera_off({"on": True, "code": code}, "nobody")) == {"words": text.NO_PAGE, "failed": True}
    assert not mode.camera.on and done(tab.camera_off({}, "nobody"))["on"] is False
    vote = {"picture": ROUNDS[0], "label": "sad"}
    assert done(tab.without_page(vote, "nobody")) == {"words": text.NO_PAGE, "failed": True}
    assert tab.poll.counts(ROUNDS[0]) == {}


def test_votes_of_an_address_are_bound_to_its_open_pages(service, mode):
    tab = LessonTab(service, mode)
    for n in range(5):  # one page after the other, as a script that stuffs votes would
        service.pages.open(f"stuffed {n}", "192.0.2.1")
        tab.reveal({"picture": ROUNDS[0], "label": "sad", "voter": f"page {n}"}, f"stuffed {n}")
        service.pages.close(f"stuffed {n}")
    assert tab.poll.counts(ROUNDS[0]) == {"sad": 1}
