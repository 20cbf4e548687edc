"""What bench/rollout and bench/compare --rollout report: tables, what is missing, what breaks a bound, and how the time
to a rollback's effect is taken."""

import unittest

from recordings import rounds

# pylint: disable=wrong-import-order  # recordings says where they are
from comparison import rollouts
from comparison.machine import Failure
from comparison.proxies import WeirRollout, WeirSplit
from rollout import report
from rollout.courses import COURSES, time_to_effect
from rollout.scene import seconds_of


def row(course="equal", **other):
    return {"course": course, "what": "taken back", "found": "1", "bound": "at most 4", "met": True, **other}


def recording(*rows):
    return {"rows": list(rows), "date": "2026-01-02", "version": "weir 1",
            "machine": {"cpu": "a CPU", "cpus": 2, "kernel": "6.1", "system": "Debian"}}


class Report(unittest.TestCase):
    def test_a_row_has_a_cell_for_each_column(self):
        lines = report.table(recording(row(), row(met=False), row(bound="", what="the sentence"))).splitlines()
        self.assertEqual({line.count("|") for line in lines}, {len(report.HEADER) + 1})
        self.assertEqual(lines[2], "| `equal` | taken back | 1 | at most 4 | yes |")
        self.assertEqual(lines[3], "| `equal` | taken back | 1 | at most 4 | NO |")
        self.assertEqual(lines[4], "| `equal` | the sentence | 1 |  |  |")

    def test_a_bound_that_is_not_met_is_named(self):
        self.assertEqual(report.misses(recording(row(), row("jump", met=False, found="9"))),
                         ["jump: taken back: 9, wanted: at most 4"])

    def test_a_recording_has_all_courses(self):
        self.assertEqual(report.missing(recording(*map(row, COURSES))), [])
        self.assertEqual(report.missing(recording(row())), list(COURSES)[1:])

    def test_the_section_goes_between_its_marks_and_again(self):
        data = recording(row())
        text = f"before\n{report.MARK_BEGIN}\nstale\n{report.MARK_END}\nafter\n"
        once = report.put_into(text, data)
        self.assertNotIn("stale", once)
        self.assertEqual(report.put_into(once, data), once)
        with self.assertRaises(Failure):
            report.put_into("no marks", data)


class TimeToEffect(unittest.TestCase):
    EVENT = {"at": 100.0}

    def test_is_from_the_first_failure_that_may_have_decided_to_the_last_canary_request(self):
        canary = [(99.0, 99.1, "green", 500), (99.6, 99.65, "green", 500), (99.8, 99.85, "green", 500),
                  (100.05, 100.1, "green", 200)]
        self.assertAlmostEqual(time_to_effect(canary, self.EVENT), 100.05 - 99.65)

    def test_is_from_the_event_where_nothing_failed_just_before(self):
        self.assertAlmostEqual(time_to_effect([(100.2, 100.3, "green", 200)], self.EVENT), 0.2)

    def test_is_nothing_where_no_request_came_later(self):
        self.assertEqual(time_to_effect([], self.EVENT), 0.0)

    def test_times_are_those_of_logs(self):
        self.assertAlmostEqual(seconds_of("2026-01-02T03:04:05.250Z") - seconds_of("2026-01-02T03:04:05.000Z"), 0.25)


class Cost(unittest.TestCase):
    def data(self, alone, running):
        return {"scenarios": {"plain": {"proxies": {WeirSplit.name: alone, WeirRollout.name: running}}}}

    def test_is_compared_within_rounds(self):
        data = self.data(rounds(10, 20, 30), rounds(10.1, 20.2, 30.3))
        self.assertEqual(rollouts.table(data).splitlines()[2],
                         "| `plain` | 20.00 | 20.20 | 1.010 (1.010-1.010) | 1.010-1.010 | 1.02 | 0 |")
        self.assertEqual(rollouts.misses(data), [])

    def test_that_is_above_the_bound_is_named_as_errors_are(self):
        found = rollouts.misses(self.data(rounds(10, 10, errors=2), rounds(11, 11)))
        self.assertEqual(found[0], "`plain`: with a rollout a request takes 1.100 times the CPU time; at most 1.02 is "
                         "wanted.")
        self.assertEqual(found[1], f"`plain`: 4 errors of {WeirSplit.name}.")

    def test_the_median_lies_between_ranks_around_the_middle(self):
        self.assertEqual(rollouts.likely(range(1, 101)), (40, 61))
        self.assertEqual(rollouts.likely([3, 1, 2]), (1, 3))


if __name__ == "__main__":
    unittest.main()
