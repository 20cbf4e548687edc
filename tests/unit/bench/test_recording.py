"""When bench/compare records and when it refuses; and what its companions do when something fails."""

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from argparse import Namespace
from pathlib import Path
from unittest import mock

from recordings import ROOT, locks, program, rounds, whole

# pylint: disable=wrong-import-order  # recordings says where they are
from comparison import loads, machine, perf, proxies, recording, report, training
from comparison import locks as lock_samples
from comparison.machine import Failure
from comparison.scaling import ALONE
from comparison.scenarios import by_name

compare = program("compare")
BUILT = "weir 0.1.0 (0123456789ab), clang++-16 -O3 -flto=thin -fprofile-use=weir.profdata"
SOURCE = {"head": "0123456789abcdef", "dirty": False}


def quiet():
    return contextlib.redirect_stderr(io.StringIO())


class Commit(unittest.TestCase):
    def test_the_measured_binary_is_of_head_with_its_profile(self):
        recording.need_binary_of(SOURCE, BUILT)
        for source, version, said in ((SOURCE, BUILT.replace("0123", "3210"), "HEAD is 0123456789abcdef"),
                                      ({**SOURCE, "head": ""}, BUILT, "HEAD is unknown"),
                                      ({**SOURCE, "dirty": True}, BUILT, "tracked files are changed"),
                                      (SOURCE, BUILT.replace(" -fprofile-use=weir.profdata", ""), "profile"),
                                      (SOURCE, BUILT.replace(" -flto=thin", ""), "ThinLTO")):
            with self.assertRaisesRegex(Failure, said):
                recording.need_binary_of(source, version)

    def test_changed_files_are_refused_before_anything_is_done(self):
        with mock.patch.object(machine, "BIN", recording.RELEASE):
            with mock.patch.object(machine, "is_dirty", return_value=True):
                with self.assertRaisesRegex(Failure, "tracked files are changed"):
                    recording.need_place()
            with mock.patch.object(machine, "is_dirty", return_value=False):
                recording.need_place()

    def test_binaries_from_elsewhere_are_refused(self):
        with mock.patch.object(machine, "BIN", Path("/elsewhere")), self.assertRaisesRegex(Failure, "WEIR_BENCH_BIN"):
            recording.need_place()

    @unittest.skipUnless(shutil.which("git"), "git is not installed")
    def test_git_says_what_is_changed(self):
        elsewhere = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(machine, "ROOT", Path(folder)), \
                mock.patch.dict(os.environ, elsewhere, clear=True):
            for command in (["init", "-q"], ["config", "user.email", "a@b.c"], ["config", "user.name", "a"]):
                subprocess.run(["git", "-C", folder, *command], check=True)
            kept = Path(folder, "kept")
            kept.write_text("1")
            subprocess.run(["git", "-C", folder, "add", "kept"], check=True)
            subprocess.run(["git", "-C", folder, "commit", "-qm", "kept"], check=True)
            Path(folder, "new").write_text("untracked files do not count")
            self.assertFalse(machine.is_dirty())
            kept.write_text("2")
            self.assertTrue(machine.is_dirty())

    def test_every_binary_is_built_and_a_failed_build_is_told(self):
        with mock.patch.object(recording, "run") as run:
            recording.build()
        built = [part for call in run.call_args_list for part in call.args[0]]
        self.assertLessEqual({"weir", "weir-origin", "floor", "asio_relay", "beast_relay", "handshakes",
                              "idle_clients"}, set(built))
        failed = mock.patch.object(subprocess, "run", return_value=mock.Mock(returncode=1))
        with quiet(), failed, self.assertRaisesRegex(Failure, "failed: cmake --preset release"):
            recording.build()


class Writing(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name in ("RESULTS", "PICTURE", "README"):
            self.enterContext(mock.patch.object(recording, name, self.folder / name))
        recording.README.write_text(f"before\n{report.MARK_BEGIN}\n{report.MARK_END}\nby hand\n")

    def test_what_is_written_is_what_is_checked(self):
        recording.write(whole())
        self.assertIn("9 rounds of 1 s", recording.check())
        self.assertTrue(recording.README.read_text().endswith(f"{report.MARK_END}\nby hand\n"))
        recording.README.write_text(recording.README.read_text().replace("1.00", "0.50"))
        with self.assertRaisesRegex(Failure, "is not what bench/results.json says"):
            recording.check()

    def test_a_recording_that_is_not_whole_is_not_taken(self):
        data = whole(3)
        with self.assertRaisesRegex(Failure, "9 rounds of plain"):
            recording.write(data)
        recording.RESULTS.write_text(report.as_json(data))
        recording.README.write_text(report.put_into(recording.README.read_text(), data))
        recording.PICTURE.write_text(report.picture(data))
        with self.assertRaisesRegex(Failure, "not whole: no 9 rounds of plain"):
            recording.check()

    def test_errors_of_anybody_are_not_recorded(self):
        for name in ("weir", "haproxy"):
            data = whole()
            data["scenarios"]["tls"]["proxies"][name][4]["errors"] = 2
            with self.assertRaisesRegex(Failure, f"`tls`: {name} had 2 errors"):
                recording.write(data)
        self.assertFalse(recording.RESULTS.exists() or recording.PICTURE.exists())
        self.assertIn(f"{report.MARK_BEGIN}\n{report.MARK_END}", recording.README.read_text())


class Running(unittest.TestCase):
    def run_all(self, record, *outcomes):
        """run_all with a job for each outcome; what was in its file afterwards."""
        data = {"scenarios": {}, "settings": {"rounds": 9, "seconds": 1}}
        with tempfile.TemporaryDirectory() as folder:
            options = Namespace(rounds=9, seconds=1, json=Path(folder, "out.json"), record=record)
            jobs = [by_name(name) for name in ("plain", "full", "tls")][:len(outcomes)]
            try:
                with mock.patch.object(compare, "run_scenario", side_effect=outcomes):
                    compare.run_all(jobs, ["weir"], options, data)
            finally:
                self.kept = json.loads(options.json.read_text())["scenarios"]

    def test_a_job_that_fails_does_not_lose_the_others(self):
        with self.assertRaisesRegex(Failure, "boom"):
            self.run_all(False, ({"weir": rounds(1)}, {}), ({"weir": rounds(2)}, {}), Failure("boom"))
        self.assertEqual(list(self.kept), ["plain", "full"])

    def test_errors_end_a_recording_but_no_other_run(self):
        outcomes = ({"weir": rounds(1), "nginx": rounds(1, errors=3)}, {}), ({"weir": rounds(2)}, {})
        self.run_all(False, *outcomes)
        self.assertEqual(list(self.kept), ["plain", "full"])
        with self.assertRaisesRegex(Failure, "`plain`: nginx had 3 errors"):
            self.run_all(True, *outcomes)

    def test_without_stacks_there_is_no_recording(self):
        running = {"weir": None, ALONE: None}
        refused = mock.patch.object(lock_samples, "measure", side_effect=perf.Refused("not allowed"))
        with refused, quiet():
            self.assertEqual(compare.sample_locks(by_name("workers2"), running, False), {})
            with self.assertRaisesRegex(Failure, "no stacks of weir-one: not allowed"):
                compare.sample_locks(by_name("workers2"), running, True)
        with mock.patch.object(lock_samples, "measure", return_value=locks()), quiet():
            self.assertEqual(list(compare.sample_locks(by_name("workers2"), running, True)), [ALONE, "weir"])

    def test_counts_may_be_refused_only_where_nothing_is_recorded(self):
        proxy = mock.Mock()
        with mock.patch.object(perf, "stacks", return_value="1 \n\tffff weir::server::Worker::run (/weir)\n"), \
                mock.patch.object(perf, "counts", side_effect=perf.Refused("no tracing")):
            self.assertEqual(lock_samples.measure(proxy, by_name("workers2"))["samples"], 1)
            with self.assertRaisesRegex(Failure, "no tracing"):
                lock_samples.measure(proxy, by_name("workers2"), counted=True)
        with mock.patch.object(perf, "stacks", return_value="1 \n\tffff weir::server::Worker::run (/weir)\n"), \
                mock.patch.object(perf, "counts", side_effect=Failure("wrk failed")), self.assertRaises(Failure):
            lock_samples.measure(proxy, by_name("workers2"))


class Loads(unittest.TestCase):
    WRK = ("  Latency Distribution\n     99%    0.00us\n  0 requests in 1.00s, 0.00B read\n"
           "  Socket errors: connect 64, read 0, write 0, timeout 0\nRequests/sec:      0.00\n")

    def test_no_request_is_a_failure_with_the_output(self):
        proxy = mock.Mock(port=1)
        proxy.name = "nginx"
        handshakes = '{"requests":0,"failed":7,"resumed":0,"seconds":1.0,"p50_ms":0,"p99_ms":0}'
        for name, output, said in (("plain", self.WRK, "connect 64"), ("tlsnew", handshakes, '"failed":7'),
                                   ("tlsresumed", handshakes, '"failed":7')):
            with mock.patch.object(loads, "run", return_value=output), \
                    mock.patch.multiple(loads, need_program=str, need_binary=str, cpu_ns=lambda pid: 0), \
                    self.assertRaisesRegex(Failure, f"(?s)nginx answered no request.*{said}"):
                loads.measure(proxy, by_name(name), 1)


class OverHttp2(unittest.TestCase):
    REPORT = ("Application protocol: {protocol}\n"
              "requests: 100 total, 116 started, 100 done, {good} succeeded, {bad} failed, {bad} errored, 0 timeout\n"
              "traffic: 20.00KB (20480) total, 2.00KB (2048) headers (space savings 88.14%), 12.50KB ({data}) data\n"
              "time for request:        1us        11us         5us         1us    80.00%\n")

    def measure(self, name="h2", protocol="h2c", good=100, bad=0, data=12800, log="1\t200\t1500\n"):
        proxy = mock.Mock(port=1)
        proxy.name = "nghttpx"
        with tempfile.TemporaryDirectory() as folder:
            proxy.stage.folder = Path(folder)

            def run(_scenario, command, _within_s):
                self.command = command
                Path(folder, "h2load.log").write_text(log)
                return self.REPORT.format(protocol=protocol, good=good, bad=bad, data=data)
            with mock.patch.object(loads, "run", side_effect=run), \
                    mock.patch.multiple(loads, need_program=lambda name, package: name, cpu_ns=lambda pid: 0):
                return loads.measure(proxy, by_name(name), 2)

    def test_a_load_says_requests_errors_speed_and_latency(self):
        log = "".join(f"17959888918306{i:02}\t200\t{1000 * (100 - i)}\n" for i in range(100))
        facts = self.measure(log=log, bad=3)
        self.assertEqual((facts["requests"], facts["errors"], facts["requests_per_second"], facts["p99_ms"]),
                         (100, 3, 50.0, 99.0))
        self.assertLessEqual({"-c8", "-m16", "-D2", "http://127.0.0.1:1/bytes/128"}, set(self.command))

    def test_large_answers_count_by_their_bytes(self):
        self.assertEqual(self.measure("h2_big", good=2, data=3 * 1048576 + 5)["requests"], 3)

    def test_another_protocol_is_another_job(self):
        self.assertEqual(self.measure("h2_tls", "h2")["errors"], 0)
        with self.assertRaisesRegex(Failure, "nghttpx speaks http/1.1 in place of HTTP/2"):
            self.measure("h2_tls", "http/1.1")

    def test_no_whole_answer_is_a_failure(self):
        with self.assertRaisesRegex(Failure, "(?s)nghttpx answered no request.* 0 succeeded"):
            self.measure(good=0, log="")

    def test_a_load_that_does_not_end_is_repeated(self):
        proxy = mock.Mock(pid=os.getpid())
        with mock.patch.dict(loads.LOADS, h2load=mock.Mock(side_effect=[loads.Stuck("stuck"), {"errors": 0}])):
            self.assertEqual(loads.measure(proxy, by_name("h2"), 1), {"errors": 0})
        stuck = mock.Mock(side_effect=loads.Stuck("stuck"))
        with mock.patch.dict(loads.LOADS, h2load=stuck), self.assertRaises(loads.Stuck):
            loads.measure(proxy, by_name("h2"), 1)
        self.assertEqual(stuck.call_count, loads.ATTEMPTS)

    def test_nginx_is_told_in_its_own_way(self):
        for release, has in (("nginx/1.22.1", False), ("nginx/1.25.0", False), ("nginx/1.25.1", True),
                             ("nginx/1.26.3", True)):
            self.assertEqual(proxies.nginx_has_http2_directive(release), has, release)
        for release, has in (("nginx/1.22.1", False), ("nginx/1.29.3", False), ("nginx/1.29.4", True)):
            self.assertEqual(proxies.nginx_proxies_http2(release), has, release)

    def test_a_call_of_grpc_is_a_message_with_its_prefix(self):
        with tempfile.TemporaryDirectory() as folder:
            proxy = mock.Mock()
            proxy.stage.folder = Path(folder)
            arguments = loads.grpc_call(proxy, by_name("grpc"))
            message = (Path(folder) / "message").read_bytes()
        self.assertIn("--header=content-type: application/grpc", arguments)
        self.assertEqual(len(message), 128)
        self.assertEqual(message[:5], b"\0\0\0\0\x7b")


class Companions(unittest.TestCase):
    def test_training_refuses_a_place_that_is_not_there_before_it_begins(self):
        for output in ("/no/such/folder/weir.profdata", str(ROOT)):
            done = subprocess.run([sys.executable, "-B", ROOT / "bench/train", "--output", output],
                                  capture_output=True, text=True, check=False, timeout=30)
            self.assertEqual(done.returncode, 2)
            self.assertIn(output, done.stderr)

    def test_training_over_http2_sends_what_may_be_sent_there(self):
        weir = object.__new__(training.OperatorsWeir)
        weir.stage, weir.scenario, weir.tls_port = mock.Mock(), by_name("plain"), 1
        load = training.Load("some", "", http2=True,
                             fields=("Host: a.example", "Connection: keep-alive", "Accept: */*"))
        report = ("Application protocol: {protocol}\nrequests: 9 total, 9 started, 9 done, 2 succeeded, 7 failed, "
                  "0 errored, 0 timeout\n")
        with mock.patch.multiple(training, need_program=lambda name, package: name), \
                mock.patch.object(loads, "run", return_value=report.format(protocol="h2")) as run:
            self.assertEqual(weir.ask_http2(load, 2)[:2], (9, 7))
            self.assertEqual(run.call_args.args[1][4:], ["-D2", "-H", ":authority: a.example", "-H", "Accept: */*",
                                                         "https://127.0.0.1:1/bytes/128"])
            run.return_value = report.format(protocol="http/1.1")
            with self.assertRaisesRegex(Failure, "some: not over HTTP/2"):
                weir.ask_http2(load, 2)

    def test_instructions_tell_a_failed_copy_and_a_failed_weir(self):
        instructions = program("instructions")
        weir = object.__new__(instructions.CountedWeir)
        with tempfile.TemporaryDirectory() as folder:
            weir.stage = mock.Mock(folder=Path(folder))
            with mock.patch.object(machine, "need_program", return_value="false"), \
                    self.assertRaisesRegex(Failure, "objcopy failed"):
                weir.launch(["weir", "run"])
            weir.process = mock.Mock(**{"wait.return_value": 139})
            Path(folder, "weir.err").write_text("it fell over")
            with self.assertRaisesRegex(Failure, "(?s)status 139.*it fell over"):
                weir.end()
            weir.process.wait.return_value = 0
            weir.end()

    def test_coverage_and_a_profile_are_not_configured_together(self):
        for setting in ("-DWEIR_TRAIN=ON", "-DWEIR_PROFILE=deploy/weir.profdata"):
            done = subprocess.run(["cmake", "-DCMAKE_CXX_COMPILER_ID=Clang", "-DCMAKE_CXX_COMPILER_VERSION=16.0.6",
                                   "-DWEIR_COVERAGE=ON", setting, "-P", ROOT / "cmake/profile.cmake"],
                                  capture_output=True, text=True, check=False, timeout=30)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("WEIR_COVERAGE counts in a way of its own", done.stderr)


if __name__ == "__main__":
    unittest.main()
