from __future__ import annotations

import threading
import time

import pytest

from squeeze_core.queue import Busy, Queue, Requester, requester


def ask(
    queue: Queue, session: str, done: list[str], large: bool = False, on_wait=lambda before: None
) -> threading.Thread:
    def work() -> None:
        requester.set(Requester(session, on_wait))
        with queue.turn(large):
            done.append(session)

    thread = threading.Thread(target=work)
    thread.start()
    while not thread.is_alive() and not done:
        time.sleep(0.001)
    return thread


def settled(queue: Queue, waiting: int) -> None:
    deadline = time.monotonic() + 30
    while len(queue) < waiting:
        assert time.monotonic() < deadline, f"{len(queue)} of {waiting} wait"
        time.sleep(0.001)


def test_sessions_take_turns_however_much_one_of_them_asks() -> None:
    queue, done = Queue(1), []
    with queue.turn():
        threads = []
        for session in ("a", "a", "a", "b", "c"):
            threads.append(ask(queue, session, done))
            settled(queue, len(threads))
    for thread in threads:
        thread.join()
    assert done == ["a", "b", "c", "a", "a"]


def test_small_work_comes_before_large() -> None:
    queue, done = Queue(1), []
    with queue.turn():
        threads = [ask(queue, "large", done, large=True)]
        settled(queue, 1)
        threads.append(ask(queue, "small", done))
        settled(queue, 2)
    for thread in threads:
        thread.join()
    assert done == ["small", "large"]


def test_no_more_run_at_a_time_than_there_are_slots() -> None:
    queue, running, most = Queue(2), [], []

    def work() -> None:
        with queue.turn():
            running.append(1)
            most.append(len(running))
            time.sleep(0.02)
            running.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 8 and max(most) == 2


def test_whoever_waits_hears_how_many_come_before_and_may_leave() -> None:
    class Left(Exception):
        pass

    queue, heard = Queue(1), []

    def leaves(before: int) -> None:
        heard.append(before)
        raise Left

    with queue.turn():
        other = ask(queue, "other", [])
        settled(queue, 1)

        def work() -> None:
            requester.set(Requester("leaving", leaves))
            with pytest.raises(Left), queue.turn():
                heard.append(-1)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert heard == [2] and len(queue) == 1
    other.join()


def test_whoever_leaves_just_as_the_turn_comes_gives_it_back() -> None:
    queue, heard = Queue(1), []

    def leaves_late(before: int) -> None:
        heard.append(before)
        if before == 0:
            raise InterruptedError

    def work() -> None:
        requester.set(Requester("late", leaves_late))
        with pytest.raises(InterruptedError), queue.turn():
            heard.append(-1)

    with queue.turn():
        thread = threading.Thread(target=work)
        thread.start()
        while not heard:
            time.sleep(0.001)
    thread.join()
    assert heard[-1] == 0
    other = ask(queue, "other", heard)
    other.join(5)
    assert heard[-1] == "other"


def test_a_full_queue_refuses_in_a_sentence() -> None:
    queue = Queue(1, most_waiting=1)
    with queue.turn():
        other = ask(queue, "other", [])
        settled(queue, 1)
        refused: list[str] = []

        def work() -> None:
            try:
                with queue.turn():
                    pass
            except Busy as error:
                refused.append(str(error))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert refused == ["1 requests wait here already; try again in a moment."]
    other.join()


def test_a_turn_within_a_turn_does_not_wait_for_itself() -> None:
    queue = Queue(1)
    with queue.turn(), queue.turn(large=True):
        pass
    assert len(queue) == 0


def test_long_work_lets_others_go_first_between_its_pieces() -> None:
    queue, done = Queue(1), []
    with queue.turn():
        queue.rest()  # nobody waits
        thread = ask(queue, "other", done)
        settled(queue, 1)
        assert done == []
        queue.rest()
        assert done == ["other"]
    thread.join()
    with queue.turn():
        pass


def test_long_work_that_rests_goes_on_before_other_long_work_begins() -> None:
    queue, done = Queue(1), []
    with queue.turn(large=True):
        threads = [ask(queue, "long", done, large=True)]
        settled(queue, 1)
        threads.append(ask(queue, "small", done))
        settled(queue, 2)
        queue.rest()
        done.append("mine again")
    for thread in threads:
        thread.join()
    assert done == ["small", "mine again", "long"]


def test_long_work_that_is_stopped_while_it_rests_holds_no_turn() -> None:
    queue = Queue(1)

    def leaves(before: int) -> None:
        raise InterruptedError

    def work() -> None:
        requester.set(Requester("long", leaves))
        with pytest.raises(InterruptedError), queue.turn():
            begun.set()
            settled(queue, 1)
            queue.rest()

    def slow() -> None:
        with queue.turn():
            time.sleep(0.3)

    begun = threading.Event()
    threads = [threading.Thread(target=work)]
    threads[0].start()
    begun.wait()
    threads.append(threading.Thread(target=slow))
    threads[1].start()
    for thread in threads:
        thread.join()
    with queue.turn():
        pass


def test_a_turn_that_fails_is_given_back() -> None:
    queue = Queue(1)
    for _ in range(3):
        with pytest.raises(ValueError), queue.turn():
            raise ValueError
    with queue.turn():
        pass
