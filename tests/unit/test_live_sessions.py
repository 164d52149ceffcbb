"""Places for live sessions are counted, limited and freed."""

import threading

import pytest

from aws_services.live_sessions import LiveSessions
from aws_services.session_manager import SessionManager
from models.errors import InvalidSessionState, SessionLimitExceeded, SessionNotFound


class Clock:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


def test_the_owners_names_work_without_anything_around_them():
    manager = SessionManager(max_sessions=100, idle_timeout=300)
    session = manager.create_session("one", "asha", "socket")
    assert manager.get_session("one") is session
    assert manager.get_active_count() == 1
    manager.update_activity("one")
    assert manager.cleanup_idle_sessions() == 0
    manager.remove_session("one")
    manager.remove_session("one")
    assert manager.get_active_count() == 0
    with pytest.raises(SessionNotFound):
        manager.get_session("one")


def test_no_more_sessions_than_places():
    sessions = LiveSessions(max_sessions=2)
    sessions.create_session("one", "asha", "s1")
    sessions.create_session("two", "ben", "s2")
    with pytest.raises(SessionLimitExceeded) as refused:
        sessions.create_session("three", "chen", "s3")
    assert refused.value.retry_after > 0
    sessions.remove_session("one")
    sessions.create_session("three", "chen", "s3")


def test_one_user_cannot_take_every_place():
    sessions = LiveSessions(max_sessions=10, max_sessions_per_user=2)
    sessions.create_session("one", "asha", "s1")
    sessions.create_session("two", "asha", "s2")
    with pytest.raises(SessionLimitExceeded, match="Finish one of them"):
        sessions.create_session("three", "asha", "s3")
    sessions.create_session("three", "ben", "s3")


def test_the_same_id_or_the_same_socket_twice_is_refused():
    sessions = LiveSessions()
    first = sessions.create_session("one", "asha", "s1")
    with pytest.raises(InvalidSessionState):
        sessions.create_session("one", "ben", "s2")
    with pytest.raises(InvalidSessionState):
        sessions.create_session("two", "asha", "s1")
    assert sessions.get_session("one") is first
    assert sessions.on_socket("s1") is first
    assert sessions.get_active_count() == 1


def test_idle_sessions_are_ended_and_counted():
    clock = Clock()
    sessions = LiveSessions(idle_timeout=300, clock=clock)
    sessions.create_session("quiet", "asha", "s1")
    sessions.create_session("busy", "asha", "s2")
    clock.now += 299
    sessions.update_activity("busy")
    assert sessions.cleanup_idle_sessions() == 0
    clock.now += 2
    assert sessions.cleanup_idle_sessions() == 1
    assert [session.session_id for session in sessions.all()] == ["busy"]


def test_a_session_without_a_socket_keeps_its_place():
    sessions = LiveSessions()
    session = sessions.create_session("one", "asha", "s1")
    assert sessions.detach("s1") is session
    assert sessions.on_socket("s1") is None
    assert sessions.get_session("one").disconnected_at is not None
    sessions.create_session("two", "asha", "s1")


def test_from_many_threads_the_limit_holds_exactly():
    sessions = LiveSessions(max_sessions=50)
    accepted = []

    def crowd(name):
        for number in range(40):
            try:
                sessions.create_session(f"{name}-{number}", name, f"{name}-{number}")
            except SessionLimitExceeded:
                continue
            accepted.append(name)

    threads = [threading.Thread(target=crowd, args=(str(name),)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(accepted) == sessions.get_active_count() == 50
