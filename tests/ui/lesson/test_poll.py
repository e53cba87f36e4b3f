"""What the class chose is counted once each, and without names."""

from ui.lesson.poll import Poll, Voter

ONE, TWO, THREE = map(Voter, ("one", "two", "three"))


def test_a_class_is_counted_once_each_and_without_names():
    poll = Poll()
    assert poll.commit(ONE, "photo", "happy")
    assert not poll.commit(ONE, "photo", "sad")  # the first choice stays
    assert poll.commit(TWO, "photo", "sad") and poll.commit(THREE, "photo", "happy")
    assert poll.counts("photo") == {"happy": 2, "sad": 1}
    assert "one" not in str(vars(poll))


def test_who_has_voted_is_known_picture_by_picture():
    poll = Poll()
    poll.commit(ONE, "photo", "happy")
    assert poll.has_voted(ONE, "photo")
    assert not poll.has_voted(ONE, "mouth-open") and not poll.has_voted(TWO, "photo")


def test_an_address_has_no_more_votes_than_it_had_pages():
    poll = Poll()
    for n in range(300):
        poll.commit(Voter(f"page {n}", "one machine", 1), "photo", "happy")
    for n in range(30):
        poll.commit(Voter(f"pupil's page {n}", "a school", 30), "photo", "sad")
    assert poll.counts("photo") == {"happy": 1, "sad": 30}
    assert not poll.has_voted(Voter("page 7", "one machine", 1), "photo")
    poll.commit(Voter("page 7", "one machine", 1), "mouth-open", "happy")
    assert poll.counts("mouth-open") == {"happy": 1}


def test_a_new_group_starts_without_votes_and_may_vote():
    poll = Poll()
    poll.commit(ONE, "photo", "happy")
    poll.clear()
    assert poll.counts("photo") == {} and not poll.has_voted(ONE, "photo")
    assert poll.commit(ONE, "photo", "sad")
    assert poll.counts("photo") == {"sad": 1}
