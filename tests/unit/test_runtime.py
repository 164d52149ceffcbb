"""The runtime keeps its word in both modes."""

import os
import signal
import subprocess
import threading
import time

import imageio_ffmpeg
import pytest

POSTERS = 8
POSTS_EACH = 12_500
JOBS = 60
PATIENCE = 60.0


def test_a_hundred_thousand_posts_from_eight_threads_all_arrive_in_order(runtime):
    arrived = {poster: [] for poster in range(POSTERS)}
    everything = runtime.flag()
    left = [POSTERS * POSTS_EACH]

    def take(poster, number):
        arrived[poster].append(number)
        left[0] -= 1
        if left[0] == 0:
            everything.set()

    def body():
        threads = [
            threading.Thread(target=lambda p=p: [runtime.post(take, p, n) for n in range(POSTS_EACH)])
            for p in range(POSTERS)
        ]
        for thread in threads:
            thread.start()
        assert everything.wait(PATIENCE)
        runtime.offload(lambda: [thread.join() for thread in threads])

    runtime.on_hub(body)()

    assert all(arrived[poster] == list(range(POSTS_EACH)) for poster in range(POSTERS))


def test_a_post_reaches_an_idle_hub_within_50_ms(runtime):
    delays = []

    def body():
        for _ in range(20):
            flag = runtime.flag()
            threading.Timer(0.05, lambda flag=flag: _post_timed(runtime, flag, delays)).start()
            assert flag.wait(PATIENCE)

    runtime.on_hub(body)()

    assert sorted(delays)[len(delays) // 2] < 0.05


def _post_timed(runtime, flag, delays):
    posted = time.monotonic()
    runtime.post(lambda: (delays.append(time.monotonic() - posted), flag.set()))


def test_a_blocking_job_of_300_ms_does_not_move_the_hub(runtime):
    """The hub's lag is how late a 5 ms sleep wakes, as the gauge measures it."""
    lags = []
    finished = runtime.flag()

    def watch():
        while not finished.wait(0):
            began = time.monotonic()
            runtime.sleep(0.005)
            lags.append(time.monotonic() - began - 0.005)

    def body():
        runtime.spawn(watch)
        runtime.offload(time.sleep, 0.3)
        finished.set()
        runtime.sleep(0.02)

    runtime.on_hub(body)()

    assert len(lags) > 10
    assert max(lags) < 0.15, "a hub that waits for the job is 0.3 s late; a busy machine some 0.05"


def test_ffmpeg_in_pool_threads_works_60_times_of_60(runtime):
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", "sine=d=0.2", "-f", "mp3", "-"]
    sizes = []
    everything = runtime.flag()

    def encode():
        mp3 = runtime.offload(lambda: subprocess.run(command, capture_output=True, check=True).stdout)
        sizes.append(len(mp3))
        if len(sizes) == JOBS:
            everything.set()

    def body():
        for _ in range(JOBS):
            runtime.spawn(encode)
        assert everything.wait(PATIENCE)

    runtime.on_hub(body)()

    assert len(sizes) == JOBS
    assert min(sizes) > 1000


def test_offload_gives_back_what_the_job_returned_or_raised(runtime):
    def body():
        assert runtime.offload(divmod, 7, 2) == (3, 1)
        with pytest.raises(ZeroDivisionError):
            runtime.offload(divmod, 7, 0)

    runtime.on_hub(body)()


def test_the_lock_keeps_tasks_apart_while_they_wait(runtime):
    lock = runtime.lock()
    trace = []
    both = [runtime.flag(), runtime.flag()]

    def task(name, flag):
        with lock:
            trace.append(f"{name} in")
            runtime.offload(time.sleep, 0.02)
            trace.append(f"{name} out")
        flag.set()

    def body():
        runtime.spawn(task, "first", both[0])
        runtime.spawn(task, "second", both[1])
        assert all(flag.wait(PATIENCE) for flag in both)

    runtime.on_hub(body)()

    assert [step.split()[1] for step in trace] == ["in", "out", "in", "out"]
    assert trace[0].split()[0] == trace[1].split()[0]


def test_hub_code_is_never_interrupted_between_two_waits(runtime):
    """Read, add one, write: 8 tasks on the hub and posts from 4 threads lose no count, in either mode."""
    count = [0]
    done = runtime.flag()
    steps_each = 2_000

    def step():
        read = count[0]
        for _ in range(5):
            read = read + 0
        count[0] = read + 1
        if count[0] == 12 * steps_each:
            done.set()

    def task():
        for number in range(steps_each):
            step()
            if number % 100 == 0:
                runtime.sleep(0)

    def body():
        for _ in range(8):
            runtime.spawn(task)
        threads = [threading.Thread(target=lambda: [runtime.post(step) for _ in range(steps_each)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        assert done.wait(PATIENCE)
        runtime.offload(lambda: [thread.join() for thread in threads])

    runtime.on_hub(body)()

    assert count[0] == 12 * steps_each


def test_a_posted_function_that_waits_is_refused_instead_of_stalling_the_hub(runtime):
    refusals = []
    done = runtime.flag()

    def waits():
        try:
            runtime.sleep(0.01)
        except RuntimeError as error:
            refusals.append(str(error))
        done.set()

    def body():
        runtime.post(waits)
        assert done.wait(PATIENCE)

    runtime.on_hub(body)()

    assert refusals == ["A posted function may not wait: spawn a task from it."]


def test_a_failing_post_does_not_stop_the_next_one(runtime):
    done = runtime.flag()

    def body():
        runtime.post(lambda: 1 / 0)
        runtime.post(done.set)
        assert done.wait(PATIENCE)

    runtime.on_hub(body)()


def test_a_flag_that_is_not_set_in_time_says_so(runtime):
    def body():
        flag = runtime.flag()
        assert not flag.wait(0.02)
        flag.set()
        assert flag.wait(0)

    runtime.on_hub(body)()


def test_a_signal_reaches_an_idle_hub_at_once(runtime):
    before = signal.getsignal(signal.SIGUSR1)
    flag = runtime.flag()
    runtime.on_signal(signal.SIGUSR1, flag.set)
    delays = []

    def body():
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        began = time.monotonic()
        assert flag.wait(PATIENCE)
        delays.append(time.monotonic() - began)

    try:
        runtime.on_hub(body)()
    finally:
        signal.signal(signal.SIGUSR1, before)

    assert delays[0] < 0.5
