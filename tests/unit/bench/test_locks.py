"""How stacks that perf prints are read: whose they are, and which of them wait for a lock."""

import unittest

import recordings  # pylint: disable=unused-import  # says where the others are

# pylint: disable=wrong-import-order
from comparison import flame, locks, perf

RUN = "weir::server::Worker::run"


def printed(*stacks):
    """As `perf script -F tid,ip,sym,dso` does: (thread, frames), innermost first."""
    return "\n".join(f"{thread} \n" + "".join(f"\t{0xffff0000 + place:16x} {frame} (/usr/bin/weir)\n"
                                              for place, frame in enumerate(frames)) for thread, frames in stacks)


class Reading(unittest.TestCase):
    def test_a_sample_is_a_thread_and_its_frames(self):
        text = printed((12, ["read", RUN]), (13, ["std::vector<int, A<int> >::at(unsigned long)", RUN]))
        self.assertEqual(list(perf.samples(text)),
                         [(12, ["read", RUN]), (13, ["std::vector<int, A<int> >::at(unsigned long)", RUN])])
        self.assertEqual(list(perf.samples("")), [])

    def test_the_flame_graph_reads_the_same_text(self):
        self.assertEqual(flame.fold(printed((12, ["read", RUN]), (13, ["write", RUN]))).samples, 2)


class Kinds(unittest.TestCase):
    def test_what_waits_in_user_space(self):
        for frame in ("__lll_lock_wait", "futex_wait", "__futex_abstimed_wait_common", "pthread_cond_wait@@GLIBC_2.3.2",
                      "__x64_sys_sched_yield", "pthread_spin_lock", "std::__atomic_wait_address_v"):
            self.assertEqual(locks.kind(["x", frame, "caller", RUN])[0], "waiting", frame)

    def test_who_looks_and_sleeps_in_the_micro_lock_waits(self):
        wait = ("void std::__detail::__waiter<std::integral_constant<bool, true> >::_M_do_wait_v<unsigned int, f>"
                "(unsigned int, f)")
        slowly = "weir::limit::MicroLock::lock_slowly()"
        self.assertEqual(locks.kind([slowly, "weir::limit::take_all", RUN]),
                         ("waiting", f"{slowly} from weir::limit::take_all"))
        self.assertEqual(locks.kind([wait, slowly, "weir::limit::take_all", RUN]),
                         ("waiting", f"{wait} from weir::limit::take_all"))
        self.assertEqual(locks.kind(["std::__detail::__waiter_pool::_M_do_wait(int const*, int)", RUN])[0], "waiting")

    def test_who_wakes_somebody_does_not_wait(self):
        for frame in ("std::__detail::__waiter_pool_base::_M_notify(int const*, bool, bool)",
                      "std::__detail::__waiter_pool_base::_S_for(void const*)", "weir::limit::take_all"):
            self.assertEqual(locks.kind([frame, RUN]), (None, ""), frame)

    def test_a_mutex_that_waits_is_not_a_free_one(self):
        self.assertEqual(locks.kind(["pthread_mutex_lock@@GLIBC_2.2.5", "log", RUN]),
                         ("mutex", "pthread_mutex_lock@@GLIBC_2.2.5 from log"))
        self.assertEqual(locks.kind(["futex_wait", "do_futex", "pthread_mutex_lock", "log", RUN])[0], "waiting")

    def test_a_wait_is_told_by_the_function_of_ours_that_waits(self):
        frames = ["futex_wait", "do_futex", "pthread_mutex_lock", "weir::LogWriter::take", RUN]
        self.assertEqual(locks.kind(frames),
                         ("waiting", "futex_wait from weir::LogWriter::take"))

    def test_contended_locks_of_the_kernel(self):
        for frame in ("native_queued_spin_lock_slowpath", "__pv_queued_spin_lock_slowpath", "__lock_sock",
                      "rwsem_down_write_slowpath", "queued_read_lock_slowpath", "__mutex_lock.constprop.0"):
            self.assertEqual(locks.kind([frame, "_raw_spin_lock", "ep_poll_callback", RUN]),
                             ("kernel", f"{frame} from ep_poll_callback"), frame)

    def test_what_takes_a_free_lock_of_the_kernel_or_wakes_somebody_is_nothing(self):
        for frame in ("_raw_spin_lock", "lock_sock_nested", "tcp_sendmsg_locked", "futex_wake", "do_epoll_wait"):
            self.assertEqual(locks.kind([frame, "caller", RUN]), (None, ""), frame)


class Workers(unittest.TestCase):
    def test_only_their_threads_count(self):
        text = printed((1, ["futex_wait", "log_writer"]), (2, ["read", RUN]), (2, ["futex_wait"]), (3, ["write", RUN]))
        threads, found = locks.classified(text)
        self.assertEqual(threads, [2, 3])
        self.assertEqual((found["workers"], found["samples"], found["waiting"]), (2, 3, 1))

    def test_nobody_is_no_worker(self):
        self.assertEqual(locks.classified(printed((1, ["read"])))[0], [])


if __name__ == "__main__":
    unittest.main()
