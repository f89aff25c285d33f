"""The bench's scorer, on cases that can be worked out by hand."""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import tap  # noqa: E402
from scores import Scores, pinball2, seasonal_error  # noqa: E402


def flat(value, n=2):
    """A forecast that says the same at every level."""
    levels = [f"0.{i}" for i in range(1, 10)] + ["0.025", "0.975"]
    return {"median": [value] * n, "quantiles": {level: [value] * n for level in levels}}


class TheScorer(unittest.TestCase):
    line = {"train": [1, 2, 3, 4], "season": 1, "test": [5, 6]}

    def score(self, line, forecast, gift=False):
        scores = Scores(gift)
        scores.add(line, forecast)
        return scores.result()

    def test_a_perfect_forecast_scores_zero_and_is_covered(self):
        forecast = {"median": [5, 6], "quantiles": {level: [5, 6] for level in flat(0)["quantiles"]}}
        seen = self.score(self.line, forecast)
        self.assertEqual((seen["MASE"], seen["WQL"], seen["sQL"], seen["cov80"]), (0, 0, 0, 1))

    def test_mase_is_the_error_over_the_naive_error_of_the_history(self):
        self.assertEqual(self.score(self.line, flat(4))["MASE"], 1.5)

    def test_twice_the_pinball_loss_at_the_median_is_the_absolute_error(self):
        self.assertEqual(pinball2(5, 3, 0.5), 2)
        self.assertAlmostEqual(pinball2(3, 5, 0.9), 2 * 0.1 * 2)

    def test_a_flat_forecast_has_the_mean_over_levels_as_its_quantile_loss(self):
        self.assertAlmostEqual(self.score(self.line, flat(4))["WQL"], 3 / 11)

    def test_a_given_scale_comes_before_the_history(self):
        self.assertEqual(self.score({**self.line, "mase_scale": 3}, flat(4))["MASE"], 0.5)
        line = {**self.line, "mase_scale": 3, "gift_scale": 1}
        self.assertEqual(self.score(line, flat(4), gift=True)["MASE"], 1.5)

    def test_missing_values_drop_out(self):
        self.assertEqual(seasonal_error([1, None, 3, 4], 1), 1)
        self.assertEqual(self.score({**self.line, "test": [None, 6]}, flat(4))["MASE"], 2)

    def test_a_constant_history_is_left_out(self):
        self.assertEqual(self.score({**self.line, "train": [2, 2, 2]}, flat(4))["n"], 0)


if __name__ == "__main__":
    tap.main()
