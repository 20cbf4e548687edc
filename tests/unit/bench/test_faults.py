"""What bench/faults reports: its table, its section, what is missing and what breaks a promise."""

import unittest

import recordings  # pylint: disable=unused-import  # says where the others are

# pylint: disable=wrong-import-order
from comparison.machine import Failure
from faults import report
from faults.scenarios import SCENARIOS


def row(proxy="weir", scenario=SCENARIOS[0].name, **other):
    return {"scenario": scenario, "proxy": proxy, "requests": 1000, "avoidable": 0, "begun": 3, "none_left": 0,
            "failures": {}, "out_s": 0.1, "back_s": 0.5, "load_on_rest": 1.002, "attempts_per_request": 1.001,
            "p99_ms": 21.3, "max_ms": 40.1, **other}


def recording(*rows):
    return {"rows": list(rows), "date": "2026-01-02", "settings": {"fault_s": 6.0, "connections": 64},
            "machine": {"cpu": "a CPU", "cpus": 2, "kernel": "6.1", "system": "Debian"},
            "versions": {"weir": "weir 1", "nginx": "nginx 1"}}


class Table(unittest.TestCase):
    def test_a_row_has_a_cell_for_each_column(self):
        lines = report.table(recording(row(), row("nginx"))).splitlines()
        self.assertEqual({line.count("|") for line in lines}, {len(report.HEADER) + 1})
        self.assertEqual(lines[2], f"| `{SCENARIOS[0].name}` | weir | 1000 | 0 | 3 | 0 | 0.1 | 0.5 | 1.00 | 1.001 | 21 "
                         "| 40 |")

    def test_what_was_not_observed_is_a_dash(self):
        self.assertEqual(report.cells(row(out_s=None, back_s=None, load_on_rest=None))[6:9], ["-", "-", "-"])
        self.assertEqual(report.shown(0.0, 1), "0.0")


class Section(unittest.TestCase):
    def test_goes_between_its_marks_and_again(self):
        data = recording(row())
        text = f"before\n{report.MARK_BEGIN}\nold\n{report.MARK_END}\nafter\n"
        once = report.put_into(text, data)
        self.assertTrue(once.startswith("before\n") and once.endswith("\nafter\n") and "old" not in once)
        self.assertEqual(report.put_into(once, data), once)

    def test_has_to_have_its_marks_in_order(self):
        for text in ("", report.MARK_BEGIN, report.MARK_END, report.MARK_END + report.MARK_BEGIN):
            with self.assertRaises(Failure):
                report.put_into(text, recording(row()))


class Wholeness(unittest.TestCase):
    def test_every_scenario_of_every_proxy_is_wanted(self):
        rows = [row(proxy, scenario.name) for scenario in SCENARIOS for proxy in ("weir", "nginx")]
        self.assertEqual(report.missing(recording(*rows)), [])
        self.assertEqual(report.missing(recording(*rows[:-1])), [f"{SCENARIOS[-1].name} of nginx"])


class Misses(unittest.TestCase):
    def test_a_request_that_another_endpoint_could_have_answered(self):
        found = report.misses(recording(row(avoidable=2, failures={"502": 2})))
        self.assertEqual(len(found), 1)
        self.assertIn("2 requests failed", found[0])

    def test_more_load_on_the_rest_than_the_budget_allows(self):
        self.assertEqual(report.misses(recording(row(load_on_rest=report.LOAD_BOUND))), [])
        self.assertEqual(len(report.misses(recording(row(load_on_rest=report.LOAD_BOUND + 0.01)))), 1)
        self.assertEqual(report.misses(recording(row(load_on_rest=None))), [])

    def test_others_promised_nothing(self):
        self.assertEqual(report.misses(recording(row("nginx", avoidable=9, load_on_rest=3.0))), [])


if __name__ == "__main__":
    unittest.main()
