"""Server-sent events of jobs, read line by line from real sockets."""
import json
import socket
import time

from case import Case, daily_wave, main

SLOW = {"horizon": 24, "windows": 80, "step": 5}
STREAMS_MAX = 256


class Stream:
    """One connection that reads events; knows HTTP/1.1 chunks and nothing else of it."""

    def __init__(self, port, job, buffer=None):
        self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(60)
        self.socket.connect(("127.0.0.1", port))
        self.socket.sendall(f"GET /v1/jobs/{job}/events HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        self.file = self.socket.makefile("rb")

    def head(self):
        """Status and headers."""
        status = int(self.file.readline().split()[1])
        headers = {}
        while (line := self.file.readline().strip()):
            name, _, value = line.partition(b":")
            headers[name.decode().lower()] = value.strip().decode()
        return status, headers

    def lines(self):
        """The body's lines until its end."""
        text = b""
        while (size := int(self.file.readline(), 16)):
            text += self.file.read(size)
            self.file.readline()
            *whole, text = text.split(b"\n")
            yield from whole
        assert text == b"", text

    def events(self):
        """(name, data) of each event; comments are (None, text)."""
        name = data = None
        for line in self.lines():
            if line.startswith(b":"):
                yield None, line.decode()
            elif line.startswith(b"event: "):
                name = line[7:].decode()
            elif line.startswith(b"data: "):
                data = json.loads(line[6:])
            elif line == b"" and name:
                yield name, data
                name = data = None

    def close(self):
        self.file.close()
        self.socket.close()


class Events(Case):
    arguments = ("--workers", "1")

    def stream(self, job, **more):
        stream = Stream(self.daemon.port, job, **more)
        self.addCleanup(stream.close)
        return stream

    def begin(self, series, ask):
        if self.client.get(f"/v1/series/{series}").status == 404:
            self.has_series(series, daily_wave(2000), season=[24], fit="off")
        return self.ok(self.client.post(f"/v1/series/{series}/backtest", ask), 202).json()["id"]

    def metric(self, name):
        text = self.ok(self.client.get("/metrics")).body.decode()
        return float(next(line.split()[1] for line in text.splitlines() if line.startswith(name + " ")))

    def no_stream_is_left(self, seconds=30):
        deadline = time.monotonic() + seconds
        while self.metric("tstrm_event_streams") > 0:
            self.assertLess(time.monotonic(), deadline, "streams are left")
            time.sleep(0.05)

    def test_a_job_is_told_from_its_state_to_its_end(self):
        job = self.begin("told", {"horizon": 24, "windows": 12, "step": 24})
        stream = self.stream(job)
        status, headers = stream.head()
        self.assertEqual((status, headers["content-type"]), (200, "text/event-stream"))
        self.assertEqual(headers["cache-control"], "no-store")
        events = [event for event in stream.events() if event[0]]
        names = [name for name, _ in events]
        self.assertEqual((names[0], names[-1]), ("state", "end"))
        self.assertEqual(set(names[1:-1]) - {"progress"}, set())
        self.assertEqual({data["id"] for _, data in events}, {job})
        moved = [data["progress"] for _, data in events]
        self.assertEqual(moved, sorted(moved))
        self.assertEqual(events[-1][1], self.ok(self.client.get(f"/v1/jobs/{job}")).json())
        self.assertEqual(events[-1][1]["state"], "succeeded")
        self.assertEqual(stream.file.readline(), b"\r\n")  # after the last chunk …
        self.assertEqual(stream.file.read(), b"")          # … the connection ends

    def test_an_ended_job_is_told_twice_and_that_is_all(self):
        job = self.begin("ended", {"horizon": 5, "windows": 1, "methods": ["theta"]})
        for _ in range(2):
            stream = self.stream(job)
            self.assertEqual(stream.head()[0], 200)
            names = [name for name, _ in stream.events()]
            self.assertEqual((names[0], names[-1]), ("state", "end"))
        self.assertEqual(names, ["state", "end"])

    def test_a_fit_has_events_too_in_the_time_form_asked_for(self):
        self.has_series("fitted", daily_wave(500), season=[24], fit="off")
        job = self.ok(self.client.post("/v1/series/fitted/fit"), 202).json()["id"]
        stream = self.stream(job)
        stream.head()
        self.assertEqual(list(stream.events())[-1][1]["kind"], "fit")
        answer = self.ok(self.client.get(f"/v1/jobs/{job}/events?time=rfc3339"))
        self.assertIn('"created_at":"20', answer.body.decode())

    def test_a_cancellation_ends_the_stream(self):
        job = self.begin("cancelled", SLOW)
        stream = self.stream(job)
        stream.head()
        events = stream.events()
        name, data = next(events)
        while name != "progress":
            name, data = next(events)
        self.ok(self.client.delete(f"/v1/jobs/{job}"))
        rest = list(events)
        self.assertEqual((rest[-1][0], rest[-1][1]["state"]), ("end", "cancelled"))

    def test_a_deleted_series_ends_the_stream(self):
        job = self.begin("deleted", SLOW)
        stream = self.stream(job)
        stream.head()
        events = stream.events()
        next(events)
        self.ok(self.client.delete("/v1/series/deleted"), 204)
        self.assertEqual(list(events)[-1][0], "gone")

    def test_who_goes_away_leaves_nothing_behind(self):
        job = self.begin("left", SLOW)
        for _ in range(20):
            stream = Stream(self.daemon.port, job)
            stream.head()
            next(stream.events())
            stream.close()
        self.no_stream_is_left()
        self.ok(self.client.delete(f"/v1/jobs/{job}"))

    def test_two_hundred_streams_see_the_same_end_and_beyond_the_limit_is_503(self):
        job = self.begin("many", SLOW)
        streams = [self.stream(job) for _ in range(STREAMS_MAX)]
        iterators = []
        for stream in streams:
            self.assertEqual(stream.head()[0], 200)
            iterators.append(stream.events())
        for events in iterators:
            self.assertEqual(next(events)[0], "state")
        self.assertEqual(self.metric("tstrm_event_streams"), STREAMS_MAX)
        refused = self.client.get(f"/v1/jobs/{job}/events")
        self.assertProblem(refused, 503, words=(f"{STREAMS_MAX} streams",))
        self.assertIn("retry-after", refused.headers)
        self.ok(self.client.delete(f"/v1/jobs/{job}"))
        ends = [list(events)[-1] for events in iterators]
        self.assertEqual({(name, data["state"]) for name, data in ends}, {("end", "cancelled")})
        self.no_stream_is_left()

    def test_a_client_that_reads_nothing_holds_up_nobody(self):
        job = self.begin("deaf", SLOW)
        deaf = [self.stream(job, buffer=1024) for _ in range(10)]
        stream = self.stream(job)
        stream.head()
        events = stream.events()
        for _ in range(3):
            next(events)
        self.ok(self.client.delete(f"/v1/jobs/{job}"))
        self.assertEqual(list(events)[-1][0], "end")
        self.assertEqual(len(deaf), 10)
        self.ok(self.client.get("/livez"))
        for stream in deaf:
            stream.close()
        self.no_stream_is_left()

    def test_what_is_not_there_has_no_events(self):
        self.assertProblem(self.client.get("/v1/jobs/0123456789abcdef/events"), 404)
        self.assertProblem(self.client.get("/v1/jobs/0123456789abcdef/events?x=1"), 400, "x")


class Drained(Case):
    arguments = ("--workers", "1")

    def test_a_stop_of_the_daemon_ends_the_streams(self):
        self.has_series("stopped", daily_wave(2000), season=[24], fit="off")
        job = self.ok(self.client.post("/v1/series/stopped/backtest", SLOW), 202).json()["id"]
        streams = [Stream(self.daemon.port, job) for _ in range(5)]
        iterators = []
        for stream in streams:
            self.addCleanup(stream.close)
            stream.head()
            iterators.append(stream.events())
            next(iterators[-1])
        type(self).daemon.stop()  # fails where the daemon does not stop, or not cleanly
        for events in iterators:
            self.assertIsNone(list(events)[-1][0])  # a comment
        type(self).daemon = self.new_daemon().start()


if __name__ == "__main__":
    main()
