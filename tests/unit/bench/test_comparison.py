"""bench/compare's arithmetic: ratios within rounds, choice of the better rival, bounds, and the generated text."""

import unittest

from recordings import idle_rounds, locks, recording, rounds, whole

# pylint: disable=wrong-import-order  # recordings says where they are
from comparison import ratios, report
from comparison.scaling import ALONE, scaling
from comparison.scenarios import by_name, takes_part
from comparison.wholeness import missing


def unwrapped(text):
    return " ".join(text.split())


class Pairing(unittest.TestCase):
    def test_a_machine_that_changes_its_speed_between_rounds_changes_neither_ratio_nor_spread(self):
        slow_and_fast = {"weir": rounds(8, 16, 8, 16), "nginx": rounds(10, 20, 10, 20)}
        self.assertEqual(str(ratios.paired(slow_and_fast, "weir", "nginx", "cpu_us")), "0.80 (0.80-0.80)")

    def test_a_machine_that_changes_its_speed_within_a_round_spoils_that_round_only(self):
        spoilt = {"weir": rounds(8, 8, 16), "nginx": rounds(10, 20, 20)}  # medians: 8 and 20
        self.assertEqual(ratios.paired(spoilt, "weir", "nginx", "cpu_us").median, 0.8)

    def test_the_median_of_ratios_is_not_the_ratio_of_medians(self):
        proxies = {"weir": rounds(10, 20, 30), "nginx": rounds(20, 10, 30)}  # ratios 0.5, 2, 1; medians 20 and 20
        ratio = ratios.paired(proxies, "weir", "nginx", "cpu_us")
        self.assertEqual((ratio.median, ratio.low, ratio.high), (1.0, 0.75, 1.5))
        proxies = {"weir": rounds(1, 9, 9), "nginx": rounds(2, 3, 18)}  # 0.5, 3, 0.5; medians 9 and 3
        self.assertEqual(ratios.paired(proxies, "weir", "nginx", "cpu_us").median, 0.5)

    def test_one_round_has_no_spread(self):
        self.assertEqual(ratios.summary([0.7]), ratios.Ratio(0.7, 0.7, 0.7))
        self.assertEqual(str(ratios.summary([0.7])), "0.70 (0.70-0.70)")

    def test_quartiles_leave_out_one_wild_round(self):
        spread = ratios.summary([0.70, 0.71, 0.72, 0.73, 9.0])
        self.assertEqual((spread.low, spread.median, spread.high), (0.71, 0.72, 0.73))

    def test_without_the_other_there_is_no_ratio(self):
        self.assertIsNone(ratios.paired({"weir": rounds(1)}, "weir", "nginx", "cpu_us"))
        self.assertIsNone(ratios.paired({"weir": [], "nginx": []}, "weir", "nginx", "cpu_us"))

    def test_rounds_that_do_not_match_are_no_comparison(self):
        with self.assertRaises(ValueError):
            ratios.paired({"weir": rounds(1, 2), "nginx": rounds(1)}, "weir", "nginx", "cpu_us")


class TheBetterRival(unittest.TestCase):
    def test_is_the_cheaper_one_in_the_median(self):
        proxies = {"weir": rounds(6, 6, 6), "nginx": rounds(10, 10, 10), "haproxy": rounds(8, 8, 8)}
        name, ratio = ratios.against(proxies, "best", "cpu_us")
        self.assertEqual((name, ratio.median), ("haproxy", 0.75))

    def test_is_one_for_all_rounds(self):
        """Each is the cheaper one at times; the minimum of each round would be 8 throughout, a ratio of 1."""
        proxies = {"weir": rounds(8, 8, 8), "nginx": rounds(8, 10, 10), "haproxy": rounds(16, 8, 16)}
        name, ratio = ratios.against(proxies, "best", "cpu_us")
        self.assertEqual((name, ratio.median), ("nginx", 0.8))

    def test_is_chosen_by_what_was_paired(self):
        """HAProxy has the smaller median, but nginx costs less beside the same Weir."""
        proxies = {"weir": rounds(10, 20, 40), "nginx": rounds(10, 21, 40), "haproxy": rounds(20, 20, 80)}
        self.assertEqual(ratios.against(proxies, "best", "cpu_us")[0], "nginx")

    def test_may_be_the_only_one(self):
        proxies = {"weir": rounds(6), "haproxy": rounds(8)}
        self.assertEqual(ratios.against(proxies, "best", "cpu_us")[0], "haproxy")
        self.assertIsNone(ratios.against({"weir": rounds(6)}, "best", "cpu_us"))
        self.assertIsNone(ratios.against({"nginx": rounds(6)}, "best", "cpu_us"))

    def test_of_latency_may_be_another_than_that_of_cost(self):
        result = {"proxies": {"weir": rounds(8, p99_ms=2.0), "nginx": rounds(10, p99_ms=4.0),
                              "haproxy": rounds(12, p99_ms=1.0)}}
        self.assertEqual(report.verdicts(by_name("full"), result)[0][0], "best: nginx")
        name, ratio = report.tail(by_name("full"), result)
        self.assertEqual((name, ratio.median), ("haproxy", 2.0))


class Verdicts(unittest.TestCase):
    def test_each_target_has_its_own_other_side(self):
        result = {"proxies": {"weir": rounds(9), "nginx": rounds(10), "haproxy": rounds(12), "floor": rounds(6)}}
        found = [(other, ratio.median, bound) for other, ratio, bound in report.verdicts(by_name("plain"), result)]
        self.assertEqual(found, [("best: nginx", 0.9, 0.92), ("floor", 1.5, 1.20)])

    def test_an_absolute_bound_is_held_against_the_cost(self):
        result = {"proxies": {"weir": idle_rounds(1.5, 2.5, 2.25), "nginx": idle_rounds(0.5, 0.5, 0.5)}}
        self.assertEqual(report.verdicts(by_name("idle"), result), [("absolute", 2.25, 2.0)])
        self.assertIsNone(report.tail(by_name("idle"), result))
        self.assertEqual(report.misses(recording(idle=result["proxies"])),
                         ["`idle`: Weir takes 2.250 KiB a connection; at most 2.00 is wanted."])

    def test_misses_name_cost_latency_and_errors(self):
        data = recording(full={"weir": rounds(20, p99_ms=3.0, errors=1), "nginx": rounds(10, p99_ms=2.0)})
        self.assertEqual(report.misses(data), [
            "`full`: Weir takes 2.000 times the CPU time of nginx, the better one; at most 0.90 is wanted.",
            "`full`: p99 is 1.500 times that of nginx; at most 1.10 is wanted.",
            "`full`: weir had 1 error; none is wanted."])

    def test_a_miss_of_memory_and_one_against_a_named_rival_say_so(self):
        self.assertEqual(report.misses(recording(**{
            "64k": {"weir": rounds(10), "haproxy": rounds(10)},
            "idletls": {"weir": idle_rounds(12), "nginx": idle_rounds(10)}})), [
                "`64k`: Weir takes 1.000 times the CPU time of haproxy; at most 0.90 is wanted.",
                "`idletls`: Weir takes 1.200 times the memory of nginx, the better one; at most 0.90 is wanted."])

    def test_what_is_on_its_bound_is_not_missed(self):
        data = recording(full={"weir": rounds(9), "nginx": rounds(10)})
        self.assertEqual(report.misses(data), [])

    def test_a_proxy_that_was_left_out_is_no_miss(self):
        self.assertEqual(report.misses(recording(full={"weir": rounds(9)})), [])


class Text(unittest.TestCase):
    def test_a_cell_has_cost_latency_and_errors(self):
        self.assertEqual(report.cell(by_name("full"), rounds(9, 11, 10)), "10.00 (1.00)")
        self.assertEqual(report.cell(by_name("full"), rounds(250, errors=2)), "250 (1.00), 2 errors")
        self.assertEqual(report.cell(by_name("idle"), idle_rounds(0.5)), "0.50")
        self.assertEqual(report.cell(by_name("full"), None), "-")

    def test_a_row_has_the_ratio_with_its_spread(self):
        lines = report.table(recording(full={"weir": rounds(7, 8, 9), "nginx": rounds(10, 10, 10)})).splitlines()
        self.assertIn("| best: nginx | 0.80 (0.75-0.85) | 0.90 | nginx: 1.00 (1.00-1.00) |", lines[2])
        self.assertEqual({line.count("|") for line in lines}, {lines[0].count("|")})

    def test_jobs_that_were_measured_for_another_time_are_named(self):
        data = recording(full={"weir": rounds(1, 1, 1)}, conns={"weir": rounds(1, 1, 1)}, idle={"weir": idle_rounds(1)})
        data["scenarios"]["conns"]["seconds"] = 3
        self.assertEqual(report.length(data), "3 rounds of 1 s, `conns` 3 of 3 s, `idle` 1")

    def test_the_section_goes_between_its_marks_and_again(self):
        data = recording(full={"weir": rounds(9), "nginx": rounds(10)})
        text = f"before\n{report.MARK_BEGIN}\nold\n{report.MARK_END}\nafter\n"
        once = report.put_into(text, data)
        self.assertTrue(once.startswith("before\n") and once.endswith("\nafter\n") and "old" not in once)
        self.assertEqual(report.put_into(once, data), once)

    def test_a_readme_without_both_marks_in_order_has_no_place(self):
        self.assertTrue(report.has_place(report.MARK_BEGIN + report.MARK_END))
        for text in ("", report.MARK_BEGIN, report.MARK_END, report.MARK_END + report.MARK_BEGIN):
            self.assertFalse(report.has_place(text), text)

    def test_a_recording_from_before_commits_were_kept_has_a_section(self):
        data = recording(full={"weir": rounds(9), "nginx": rounds(10)})
        del data["source"]
        self.assertNotIn("Commit", report.section(data))

    def test_the_picture_is_whole_and_shows_every_measured_proxy(self):
        data = recording(full={"weir": rounds(9), "nginx": rounds(18)})
        drawn = report.picture(data)
        self.assertTrue(drawn.startswith("<svg") and drawn.endswith("</svg>\n"))
        self.assertIn("nginx 2.00x (18.00 us)", drawn)


    def test_the_section_ends_with_what_was_not_met(self):
        data = recording(full={"weir": rounds(20), "nginx": rounds(10)})
        self.assertTrue(report.section(data).endswith(
            "\n\nNot met in this recording:\n\n- `full`: Weir takes 2.000 times the CPU time of nginx, the better one; "
            f"at most 0.90 is wanted.\n{report.MARK_END}"))
        met = recording(full={"weir": rounds(8), "nginx": rounds(10)})
        self.assertTrue(report.section(met).endswith(f"(bench/results.svg)\n{report.MARK_END}"))

    def test_the_profile_is_named_where_the_measured_binary_has_one(self):
        data = recording(full={"weir": rounds(9), "nginx": rounds(10)})
        self.assertNotIn("trained on these jobs", report.section(data))
        data["versions"]["weir"] += ", clang++-16 -O3 -flto=thin -fprofile-use=weir.profdata"
        self.assertIn("trained on these jobs", report.section(data))


class RelaysOnBoost(unittest.TestCase):
    FLOOR = {"weir": rounds(10), "nginx": rounds(12), "floor": rounds(8)}

    def test_run_in_the_jobs_of_the_floor_only(self):
        for name in ("floor", "asio", "beast"):
            self.assertTrue(takes_part(name, by_name("plain")))
            self.assertFalse(takes_part(name, by_name("full")))
        self.assertTrue(takes_part("nginx", by_name("full")))

    def test_are_shown_where_they_were_measured(self):
        data = recording(plain={**self.FLOOR, "asio": rounds(9), "beast": rounds(15)})
        data["versions"]["beast"] = "a relay on Boost.Beast 1.81"
        text = report.section(data)
        self.assertIn("| job | weir | nginx | floor | asio | beast |", text)
        self.assertIn("15.00 (1.00)", text)
        self.assertIn("`asio` is the same relay", text)
        self.assertIn("`beast` is that relay", text)
        self.assertIn("a relay on Boost.Beast 1.81", text)
        self.assertIn("beast 1.50x (15.00 us)", report.picture(data))

    def test_have_no_bound(self):
        data = recording(plain={**self.FLOOR, "asio": rounds(1), "beast": rounds(1)})
        self.assertEqual(report.misses(data), report.misses(recording(plain=self.FLOOR)))

    def test_are_not_named_by_a_recording_without_them(self):
        data = recording(plain=self.FLOOR)
        for text in (report.section(data), report.picture(data)):
            for name in ("asio", "beast", "Boost"):
                self.assertNotIn(name, text)

    def test_a_recording_without_them_is_whole(self):
        data = whole()
        for name in ("asio", "beast"):
            del data["scenarios"]["plain"]["proxies"][name]
        self.assertEqual(missing(data), [])

    def test_with_errors_they_did_another_job(self):
        data = recording(plain={**self.FLOOR, "beast": rounds(15, errors=3)})
        self.assertEqual(report.errors(data), ["`plain`: beast had 3 errors; none is wanted."])


class OverHttp2(unittest.TestCase):
    def test_nghttpx_runs_in_these_jobs_only(self):
        for name in ("h2", "h2_tls", "h2_big", "h2_idle"):
            self.assertTrue(takes_part("nghttpx", by_name(name)))
            self.assertTrue(takes_part("nginx", by_name(name)))
            self.assertFalse(takes_part("floor", by_name(name)))
        self.assertFalse(takes_part("nghttpx", by_name("plain")))
        self.assertFalse(takes_part("nghttpx", by_name("idletls")))

    def test_the_best_of_three_is_compared(self):
        data = recording(h2={"weir": rounds(9), "nginx": rounds(20), "haproxy": rounds(15), "nghttpx": rounds(10)})
        self.assertEqual(report.misses(data), [
            "`h2`: Weir takes 0.900 times the CPU time of nghttpx, the best one; at most 0.85 is wanted."])

    def test_the_text_tells_of_them_where_they_were_measured(self):
        data = recording(h2={"weir": rounds(9), "nghttpx": rounds(12)})
        self.assertIn("nghttpx takes part in these only", unwrapped(report.section(data)))
        self.assertIn("| job | weir | nghttpx |", report.section(data))
        self.assertNotIn("nghttpx", report.section(recording(full={"weir": rounds(9), "nginx": rounds(10)})))

    def test_idle_ones_have_no_bound(self):
        data = recording(h2_idle={"weir": idle_rounds(15), "nghttpx": idle_rounds(10)})
        self.assertEqual(report.misses(data), [])


class Wholeness(unittest.TestCase):
    def test_every_scenario_of_every_proxy_is_wanted(self):
        data = whole()
        self.assertEqual(missing(data), [])
        del data["scenarios"]["tls"], data["scenarios"]["full"]["proxies"]["nginx"]
        del data["scenarios"]["plain"]["proxies"]["floor"]
        self.assertEqual(missing(data),
                         ["plain of floor", "full of nginx", "tls of weir", "tls of nginx", "tls of haproxy"])

    def test_a_proxy_without_rounds_was_not_measured(self):
        data = whole()
        data["scenarios"]["tls"]["proxies"]["nginx"] = []
        self.assertEqual(missing(data), ["tls of nginx"])

    def test_the_one_worker_beside_two_is_wanted(self):
        data = whole()
        del data["scenarios"]["workers2"]["proxies"][ALONE]
        self.assertEqual(missing(data), ["workers2 of weir-one"])

    def test_lock_samples_with_counts_are_wanted_of_both(self):
        data = whole()
        found = data["scenarios"]["workers2"]["locks"]
        del found["weir"]["futex_waits_per_1000"]
        found[ALONE]["samples"] = 0
        both = [f"lock samples of {name} in workers2" for name in (ALONE, "weir")]
        self.assertEqual(missing(data), both)
        del data["scenarios"]["workers2"]["locks"]
        self.assertEqual(missing(data), both)

    def test_enough_rounds_and_seconds_are_wanted(self):
        few = missing(whole(3))
        self.assertIn("9 rounds of plain", few)
        self.assertIn("9 rounds of workers2", few)
        self.assertNotIn("idle", " ".join(few))
        data = whole()
        data["scenarios"]["idle"]["proxies"]["weir"] = idle_rounds(1, 1)
        data["scenarios"]["conns"]["seconds"] = 0.5
        self.assertEqual(missing(data), ["9 s of conns", "3 rounds of idle"])

    def test_a_commit_is_wanted(self):
        for source in (None, {"head": "", "dirty": False}, {"head": "0123", "dirty": True}):
            data = whole()
            data["source"] = source
            self.assertEqual(missing(data), ["commit that it is of"], source)


class Scaling(unittest.TestCase):
    def test_two_workers_are_paired_with_one(self):
        alone, both = rounds(8, 16, 16), rounds(10, 20, 20)
        for each in both:
            each["requests_per_second"] = 1500.0
        text = unwrapped(scaling(recording(workers2={"weir": both, ALONE: alone})))
        self.assertIn("1.50 (1.50-1.50) times the requests per second", text)
        self.assertIn("1.25 (1.25-1.25) times the CPU time per request", text)

    def test_locks_are_told_as_shares_of_the_workers_samples(self):
        data = recording(workers2={"weir": rounds(9), ALONE: rounds(8)})
        self.assertNotIn("Locks", report.section(data))
        one = {"workers": 1, "samples": 1000, "waiting": 0, "mutex": 1, "kernel": 2, "places": {}}
        two = {"workers": 2, "samples": 2000, "waiting": 4, "mutex": 0, "kernel": 40, "places": {}}
        data["scenarios"]["workers2"]["locks"] = {ALONE: one, "weir": two}
        text = unwrapped(report.section(data))
        for said in ("1000 stacks of the one worker and 2000", "0.00% and 0.20%", "0.10% and 0.00%", "0.20% and 2.00%"):
            self.assertIn(said, text)
        self.assertNotIn("futex", text)  # not counted here
        for lock in ("micro_lock.hpp", "log_writer.hpp"):  # what the workers share is named
            self.assertIn(lock, text)
        for each in (one, two):
            each.update(futex_waits_per_1000=0.008, kernel_waits_per_1000=20.0)
        self.assertIn("0.008 and 0.008 calls of futex", unwrapped(report.section(data)))

    def test_workers_that_wait_for_each_other_are_a_miss(self):
        data = recording(workers2={"weir": rounds(9), ALONE: rounds(8)})
        found = {"samples": 1000, "waiting": 5, "mutex": 0, "kernel": 500}
        data["scenarios"]["workers2"]["locks"] = {ALONE: found, "weir": found}
        self.assertEqual(report.misses(data), [])
        found["waiting"] = 6
        self.assertEqual(report.misses(data), [
            "`workers2`: 6 of 1000 samples wait for a lock in user space; at most 0.5% is wanted."])

    def test_what_nobody_looked_at_is_not_met(self):
        data = recording(workers2={"weir": rounds(9), ALONE: rounds(8)})
        unknown = ["`workers2`: no stacks were taken, so it is not known how many wait for a lock; at most 0.5% is "
                   "wanted."]
        self.assertEqual(report.misses(data), unknown)
        data["scenarios"]["workers2"]["locks"] = {ALONE: locks(), "weir": locks(samples=0)}
        self.assertEqual(report.misses(data), unknown)

    def test_one_worker_alone_has_no_column_and_no_bar(self):
        data = recording(workers2={"weir": rounds(9), ALONE: rounds(8)})
        self.assertNotIn(ALONE, report.table(data) + report.throughput(data) + report.picture(data))

    def test_without_one_there_is_nothing_to_say(self):
        self.assertEqual(scaling(recording(workers2={"weir": rounds(1)})), "")
        self.assertEqual(scaling(recording(plain={"weir": rounds(1)})), "")


if __name__ == "__main__":
    unittest.main()
